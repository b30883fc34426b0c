import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renameNoReplace } from '../../src/platform/index.ts';
import { errnoOf, moveByLink } from '../../src/platform/portable.ts';
import { put, tempDir } from '../spool/support.ts';

for (const [name, move] of Object.entries({ renameNoReplace, moveByLink })) {
  test(`${name} moves a file`, (t) => {
    const dir = tempDir(t);
    assert.equal(move(put(dir, 'a', 'text'), join(dir, 'b')), 'moved');
    assert.deepEqual(readdirSync(dir), ['b']);
    assert.equal(readFileSync(join(dir, 'b'), 'utf8'), 'text');
  });

  test(`${name} never replaces anything`, (t) => {
    const dir = tempDir(t);
    const from = put(dir, 'from', 'ours');
    put(dir, 'file', 'theirs');
    mkdirSync(join(dir, 'directory'));
    symlinkSync('nowhere', join(dir, 'link'));
    for (const to of ['file', 'directory', 'link']) {
      assert.equal(move(from, join(dir, to)), 'exists', to);
    }
    assert.equal(readFileSync(from, 'utf8'), 'ours');
    assert.equal(readFileSync(join(dir, 'file'), 'utf8'), 'theirs');
  });

  test(`${name} throws what the system says`, (t) => {
    const dir = tempDir(t);
    const there = put(dir, 'there');
    for (const [from, to, code] of [
      [join(dir, 'gone'), join(dir, 'to'), 'ENOENT'],
      [there, join(dir, 'no', 'directory'), 'ENOENT'],
      [there, join(there, 'below'), 'ENOTDIR'],
      [there, join(dir, 'x'.repeat(300)), 'ENAMETOOLONG'],
    ] as const) {
      assert.throws(
        () => move(from, to),
        (error) => error instanceof Error && errnoOf(error) === code,
      );
    }
    assert.ok(existsSync(there));
  });

  test(`${name} takes names as bytes`, (t) => {
    const dir = tempDir(t);
    const raw = (byte: number) => Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([byte])]);
    put(dir, 'a', 'text');
    assert.equal(move(join(dir, 'a'), raw(0xff)), 'moved');
    assert.equal(move(raw(0xff), raw(0xfe)), 'moved');
    assert.deepEqual(readdirSync(dir, { encoding: 'buffer' }), [Buffer.from([0xfe])]);
    assert.equal(move(raw(0xfe), join(dir, 'ü')), 'moved');
    assert.deepEqual(readdirSync(dir), ['ü']);
  });
}

test('a crash between link and unlink is completed by the next try', (t) => {
  const dir = tempDir(t);
  const from = put(dir, 'from', 'text');
  linkSync(from, join(dir, 'to'));
  assert.equal(moveByLink(from, join(dir, 'to')), 'moved');
  assert.deepEqual(readdirSync(dir), ['to']);
  assert.equal(readFileSync(join(dir, 'to'), 'utf8'), 'text');
});

test('a file that may not be linked is left as it is', (t) => {
  const dir = tempDir(t);
  put(dir, 'from', 'text');
  // Linux lets nobody link what belongs to others; where it would, the directory forbids it.
  chmodSync(dir, 0o555);
  const url = new URL('../../src/platform/portable.ts', import.meta.url).href;
  const source =
    `import { moveByLink } from ${JSON.stringify(url)};` +
    `console.log(moveByLink(${JSON.stringify(join(dir, 'from'))}, ${JSON.stringify(join(dir, 'to'))}));`;
  const user = process.geteuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    ...user,
    encoding: 'utf8',
  });
  chmodSync(dir, 0o755);
  assert.equal(ran.stdout, 'unsupported\n', ran.stderr);
  assert.deepEqual(readdirSync(dir), ['from']);
});
