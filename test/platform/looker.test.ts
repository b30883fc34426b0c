import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Looker, lookAt, modificationTimes } from '../../src/platform/index.ts';
import { statx } from '../../src/platform/statx.ts';
import { tempDir } from '../spool/support.ts';

const isLinux = process.platform === 'linux';

/** A directory of every kind of entry, and their raw names. */
function everyKind(path: string): string[] {
  const names = ['plain', Buffer.from('ü').toString('latin1'), 'x'.repeat(255)];
  for (const name of names) writeFileSync(join(path, Buffer.from(name, 'latin1').toString()), '');
  mkdirSync(join(path, 'directory'));
  names.push('directory');
  if (isLinux) {
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff, 0x0a])]), '');
    symlinkSync('nowhere', join(path, 'dangling'));
    symlinkSync('directory', join(path, 'link'));
    spawnSync('mkfifo', [join(path, 'fifo')]);
    names.push('\xff\n', 'dangling', 'link', 'fifo');
  }
  return names;
}

function pathOf(directory: string, rawName: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(rawName, 'latin1')]);
}

test('a look at an entry finds what lstat finds', (t) => {
  const path = tempDir(t);
  const names = everyKind(path);
  using looker = new Looker(path);
  for (const name of names) {
    const stats = lstatSync(pathOf(path, name));
    const found = { isDirectory: stats.isDirectory(), mtimeMs: stats.mtimeMs };
    assert.partialDeepStrictEqual(looker.look(name), found, name);
    assert.deepEqual(lookAt(pathOf(path, name)), { ...found, ctimeMs: stats.ctimeMs }, name);
  }
  assert.equal(looker.look('none'), null);
  assert.equal(lookAt(join(path, 'none')), null);
});

test('statx gives each kind and each time to the last bit', { skip: !statx }, (t) => {
  const path = tempDir(t);
  const names = everyKind(path);
  const times = [0, 1.5, 1e9 + 0.123456789, 1732650000.999999, -1.25, -86400 * 365 * 10.1, 2 ** 33];
  for (const [index, time] of times.entries()) {
    const name = `time-${index}`;
    writeFileSync(join(path, name), '');
    // Of numbers below 0 Node makes the present time.
    const modified = time < 0 ? new Date(1000 * time) : time;
    utimesSync(join(path, name), modified, modified);
    names.push(name);
  }
  const directory = openSync(path, 'r');
  t.after(() => closeSync(directory));
  for (const name of names) {
    const { ctimeMs: _, ...found } = lookAt(pathOf(path, name)) ?? { ctimeMs: 0 };
    assert.deepEqual(statx?.(directory, name), found, name);
  }
  assert.equal(statx?.(directory, 'none'), null);
});

test('times of many: those of files, and of nothing else', (t) => {
  const path = tempDir(t);
  writeFileSync(join(path, 'file'), '');
  mkdirSync(join(path, 'directory'));
  const times = modificationTimes(path, ['none', 'file', 'directory']);
  assert.deepEqual([...times], [Number.NaN, lookAt(join(path, 'file'))?.mtimeMs, Number.NaN]);
  assert.deepEqual([...modificationTimes(join(path, 'none'), ['file'])], [Number.NaN]);
});

test('what goes wrong is said as Node says it', { skip: !isLinux }, (t) => {
  const path = tempDir(t);
  using looker = new Looker(path);
  assert.throws(() => looker.look('x'.repeat(256)), { code: 'ENAMETOOLONG', syscall: 'lstat' });
  if (statx) assert.throws(() => new Looker(join(path, 'none')), { code: 'ENOENT' });
});
