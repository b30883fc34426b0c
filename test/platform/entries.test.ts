import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { portableEntriesOf } from '../../src/platform/entries.ts';
import { getdents } from '../../src/platform/getdents.ts';
import { entriesOf } from '../../src/platform/index.ts';
import { tempDir } from '../spool/support.ts';

async function allOf(batches: AsyncIterable<string[]>): Promise<string[]> {
  const names: string[] = [];
  for await (const batch of batches) names.push(...batch);
  return names.sort();
}

async function* nativeEntriesOf(path: string, prefix = '') {
  const directory = openSync(path, 'r');
  try {
    for (;;) {
      const names = getdents?.(directory, prefix);
      if (!names) return;
      yield names;
    }
  } finally {
    closeSync(directory);
  }
}

/** The names that each way of reading a directory finds. */
function everyWay(path: string) {
  return Promise.all([
    allOf(entriesOf(path)),
    allOf(entriesOf(path, { expected: 3 })),
    allOf(portableEntriesOf(path)),
    ...(getdents ? [allOf(nativeEntriesOf(path))] : []),
  ]);
}

test('each way finds the same names, byte by byte, whatever bears them', async (t) => {
  const path = tempDir(t);
  const names = [
    'a.json',
    'b',
    '.hidden',
    '...',
    'x'.repeat(255),
    Buffer.from('ü').toString('latin1'),
  ];
  for (const name of names) writeFileSync(join(path, Buffer.from(name, 'latin1').toString()), '');
  mkdirSync(join(path, 'directory'));
  names.push('directory');
  if (process.platform === 'linux') {
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff, 0x0a])]), '');
    symlinkSync('nowhere', join(path, 'link'));
    spawnSync('mkfifo', [join(path, 'fifo')]);
    names.push('\xff\n', 'link', 'fifo');
  }
  for (const found of await everyWay(path)) assert.deepEqual(found, names.toSorted());
});

test('more than come at a time are all there, also where few were expected', async (t) => {
  const path = tempDir(t);
  for (let number = 0; number < 2500; number++) mkdirSync(join(path, `${number}`));
  for (const found of await everyWay(path)) {
    assert.equal(found.length, 2500);
    assert.equal(new Set(found).size, 2500);
  }
});

test('only those that begin as asked for', async (t) => {
  const path = tempDir(t);
  for (const name of ['.a', '.abc', '.b', 'a', 'x.a']) writeFileSync(join(path, name), '');
  for (const expected of [3, 3000]) {
    assert.deepEqual(await allOf(entriesOf(path, { expected, prefix: '.a' })), ['.a', '.abc']);
  }
  if (getdents) assert.deepEqual(await allOf(nativeEntriesOf(path, '.a')), ['.a', '.abc']);
});

test('what is passed over is asked for by its bytes and not given', {
  skip: !getdents,
}, async (t) => {
  const path = tempDir(t);
  const names = Array.from({ length: 2500 }, (_, number) => `name-${number}`);
  for (const name of names) mkdirSync(join(path, name));
  const asked: string[] = [];
  const passOver = (bytes: Buffer, from: number, end: number) => {
    const name = bytes.toString('latin1', from, end);
    if (!name.startsWith('.')) asked.push(name);
    return name.endsWith('7');
  };
  const found = await allOf(entriesOf(path, { passOver }));
  assert.deepEqual(asked.sort(), names.toSorted());
  assert.deepEqual(found, names.filter((name) => !name.endsWith('7')).sort());
});

test('other work gets a turn between the parts of a large directory', async (t) => {
  const path = tempDir(t);
  for (let number = 0; number < 2500; number++) mkdirSync(join(path, `${number}`));
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  let batches = 0;
  for await (const names of entriesOf(path)) {
    batches++;
    assert.ok(names.length <= 2000);
    assert.ok(turns >= batches - 1);
  }
  isOver = true;
  assert.ok(batches > 1);
});

test('what is no directory, or not there, is an error either way', async (t) => {
  const path = tempDir(t);
  writeFileSync(join(path, 'file'), '');
  for (const expected of [3, 3000]) {
    await assert.rejects(allOf(entriesOf(join(path, 'none'), { expected })), { code: 'ENOENT' });
    await assert.rejects(allOf(entriesOf(join(path, 'file'), { expected })), { code: 'ENOTDIR' });
  }
});
