import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { findPorch } from '../../src/porch/find.ts';
import { makeSetting, writeScript } from './setting.ts';

const script = '#!/bin/sh\n';

function problemOf(found: ReturnType<typeof findPorch>): string {
  assert.ok('problem' in found, JSON.stringify(found));
  assert.ok(!found.problem.includes('\n'));
  assert.match(found.problem, /-porch builtin/);
  return found.problem;
}

test('builtin stays builtin', () => {
  assert.deepEqual(findPorch('builtin', undefined), { path: 'builtin' });
});

test('a name with a slash is a path, and becomes absolute', () => {
  using setting = makeSetting();
  const path = writeScript(setting, 'porch', script);
  assert.deepEqual(findPorch(path, undefined), { path });
  assert.deepEqual(findPorch(relative(process.cwd(), path), '/bin'), { path });
  const link = join(setting.dir, 'link');
  symlinkSync(path, link);
  assert.deepEqual(findPorch(link, undefined), { path: link });
});

test('a bare name is the first executable in PATH', () => {
  using setting = makeSetting();
  const [first, second, third] = ['one', 'two', 'three'].map((name) => join(setting.dir, name));
  for (const directory of [first, second, third]) mkdirSync(directory ?? '');
  writeScript(setting, 'one/porch', script, 0o644);
  mkdirSync(join(setting.dir, 'two/porch'));
  const path = writeScript(setting, 'three/porch', script);
  assert.deepEqual(findPorch('porch', `/no/such::${first}:${second}:${third}`), { path });
  const problem = problemOf(findPorch('porch', `${first}:${second}`));
  assert.match(
    problem,
    /one\/porch is not executable for user \d+ \(owner \d+, mode 0644; mend with chmod a\+rx\)/,
  );
});

test('relative directories of PATH are not searched', () => {
  using setting = makeSetting();
  writeScript(setting, 'porch', script);
  const here = relative(process.cwd(), setting.dir);
  assert.match(problemOf(findPorch('porch', `:.:${here}`)), /PATH names no absolute directory/);
  assert.match(problemOf(findPorch('porch', undefined)), /"porch", PATH names no/);
});

test('a long PATH is abbreviated', () => {
  const directories = Array.from({ length: 50 }, (_, index) => `/no/such/directory/${index}`);
  const problem = problemOf(findPorch('porch', directories.join(':')));
  assert.match(
    problem,
    /no executable "porch", looked in PATH: \/no\/such\/directory\/0, .* and \d+ more; /,
  );
  assert.ok(problem.length < 400);
});

test('what is wrong with a path is said', () => {
  using setting = makeSetting();
  const wrong = (name: string) => problemOf(findPorch(join(setting.dir, name), '/bin'));
  writeScript(setting, 'plain', script, 0o600);
  writeScript(setting, 'empty', '');
  writeScript(setting, 'text', 'echo hello\n');
  symlinkSync('/dev/null', join(setting.dir, 'device'));
  symlinkSync('nowhere', join(setting.dir, 'dangling'));
  assert.match(wrong('missing'), /missing does not exist; /);
  assert.match(wrong('plain/porch'), /does not exist; /);
  assert.match(wrong('dangling'), /does not exist; /);
  assert.match(wrong('out'), /out is a directory, not a program; /);
  assert.match(wrong('device'), /is not a regular file; /);
  assert.match(wrong('plain'), /plain is not executable for user \d+ \(owner \d+, mode 0600/);
  assert.match(wrong('empty'), /empty is empty; /);
  assert.match(wrong('text'), /text is neither a binary nor a script/);
  const path = relative(process.cwd(), join(setting.dir, 'missing'));
  assert.ok(problemOf(findPorch(path, '')).includes(`missing (from -porch ${path}) does not`));
  assert.match(problemOf(findPorch('', '/bin')), /names no file/);
  assert.match(problemOf(findPorch('a/\0', '/bin')), /names no file/);
});
