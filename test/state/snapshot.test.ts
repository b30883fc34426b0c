import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { History, type PastOutcome } from '../../src/state/history.ts';
import { keptHash } from '../../src/state/kept-hash.ts';
import { type SnapshotContent, writeSnapshot } from '../../src/state/snapshot.ts';
import { tempDir } from '../spool/support.ts';
import { fileHandles, outcome, read, sha, start } from './support.ts';

const snapshotPath = (t: TestContext) => join(tempDir(t), 'state.json');

function past(name: string, changes: Partial<PastOutcome> = {}): [string, PastOutcome] {
  return [name, { sha: keptHash(sha(name)), succeeded: true, at: 1_700_000_000_000, ...changes }];
}

const content = (changes: Partial<SnapshotContent> = {}): SnapshotContent => ({
  covers: [{ instance: 'here', segment: 7, bytes: 1234 }],
  unfinished: [start('intent-a.json'), outcome('intent-a.json', { status: 'a\n"b"\u2028' })],
  entries: ['intent-a.json', 'intent-b.json', 'intent-c.json'].map((name) => past(name)),
  ...changes,
});

const odd = [
  'intent-"quoted".json',
  'intent-\\back\\.json',
  'intent-two\nlines\r.json',
  'intent-sep\u2028ar\u2029ated.json',
  'intent-ü-漢字-🦊.json',
  'intent-],"count":9}.json',
  '],"entries":[',
  '',
];

test('what is written is read, odd names too', async (t) => {
  const path = snapshotPath(t);
  const entries = odd.map((name, index) =>
    past(name, {
      succeeded: index % 2 === 0,
      at: index,
      sha: index === 3 ? '' : keptHash(sha(name)),
    }),
  );
  const written = content({ entries });
  await writeSnapshot(path, written);
  const found = await read(path);
  assert.equal(found.damaged, 0);
  assert.deepEqual(found.covers, written.covers);
  assert.deepEqual(found.unfinished, written.unfinished);
  assert.deepEqual([...found.entries], entries);
});

test('it is always valid JSON, one entry a line', async (t) => {
  const path = snapshotPath(t);
  for (const entries of [0, 1, 999, 1000, 1001, 2000].map((count) =>
    Array.from({ length: count }, (_, index) => past(`${odd[index % odd.length]}${index}`)),
  )) {
    for (const unfinished of [[], [start('x')], content().unfinished]) {
      await writeSnapshot(path, content({ entries, unfinished }));
      const parsed = JSON.parse(readFileSync(path, 'utf8'));
      assert.equal(parsed.entries.length, entries.length);
      assert.equal(parsed.unfinished.length, unfinished.length);
      assert.equal(parsed.count, entries.length);
      assert.equal((await read(path)).damaged, 0);
    }
  }
});

test('cut off at any byte it gives every whole line, and says that it is damaged', async (t) => {
  const path = snapshotPath(t);
  await writeSnapshot(path, content());
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length - 1; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const { damaged, entries } = await read(path);
    assert.ok(damaged > 0, `${length} bytes`);
    const lines = whole.toString('utf8', 0, length).split('\n').slice(0, -1);
    const expected = lines.filter((line) => line.startsWith('["')).length;
    assert.ok(entries.size === expected || entries.size === expected + 1, `${length} bytes`);
  }
});

test('whatever byte is flipped, all entries but its own survive', async (t) => {
  const path = snapshotPath(t);
  const names = ['intent-a.json', 'intent-b.json', 'intent-c.json'];
  await writeSnapshot(path, content());
  const whole = readFileSync(path);
  const lines = whole.toString('utf8').split('\n');
  const lineOf = lines.flatMap((line, index) => Array(Buffer.byteLength(line) + 1).fill(index));
  const lineOfName = names.map((name) => lines.findIndex((line) => line.startsWith(`["${name}`)));
  for (let at = 0; at < whole.length - 1; at++) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
    writeFileSync(path, bytes);
    const { damaged, entries } = await read(path);
    const line = lineOf[at];
    const lost = whole[at] === 10 ? [line, line + 1] : [line];
    const expected = names.filter((_, index) => !lost.includes(lineOfName[index]));
    assert.deepEqual([...entries.keys()], expected, `byte ${at}`);
    assert.ok(damaged > 0, `byte ${at}`);
    for (const [, entry] of entries) assert.equal(entry.at, 1_700_000_000_000);
  }
});

test('a hundred thousand entries take at most 200 bytes each and pass as a stream', (t) => {
  const path = snapshotPath(t);
  const url = new URL('../../src/state/snapshot.ts', import.meta.url).href;
  const source = `
    import { readSnapshot, writeSnapshot } from ${JSON.stringify(url)};
    const used = () => {
      gc();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const sha = 'ab'.repeat(32);
    const before = used();
    let most = 0;
    let count = 0;
    const look = () => {
      if (count++ % 10000 === 0) most = Math.max(most, used() - before);
    };
    function* entries() {
      for (let index = 0; index < 100000; index++) {
        look();
        const name = 'intent-scale-up-' + String(index).padStart(9, '0') + '.json';
        yield [name, { sha, succeeded: true, at: 1700000000000 + index }];
      }
    }
    const path = ${JSON.stringify(path)};
    await writeSnapshot(path, { covers: [], unfinished: [], entries: entries() });
    const damaged = await readSnapshot(path, { covers() {}, unfinished() {}, entry: look });
    console.log(JSON.stringify({ most, count, damaged }));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-e', source],
    { encoding: 'utf8' },
  );
  const { most, count, damaged } = JSON.parse(stdout || stderr);
  assert.equal(count, 200_000);
  assert.equal(damaged, 0);
  assert.ok(statSync(path).size < 100_000 * 200, `${statSync(path).size} bytes`);
  assert.ok(most < 8 * 1024 * 1024, `${most} bytes in memory`);
});

test('a disk that is full before the last bytes is an error, and leaves the old snapshot', async (t) => {
  const limit = 4096;
  const path = snapshotPath(t);
  const entriesFor = (padding: number) =>
    Array.from({ length: 30 }, (_, index) => past(index > 0 ? `${index}` : 'x'.repeat(padding)));
  const write = (padding: number) =>
    writeSnapshot(path, { covers: [], unfinished: [], entries: entriesFor(padding) });
  await write(1);
  // So long that the limit falls into the line that ends the snapshot.
  const padding = 1 + limit + 5 - statSync(path).size;
  await write(padding);
  assert.equal(statSync(path).size, limit + 5);
  await write(1);
  const before = readFileSync(path, 'utf8');
  const url = new URL('../../src/state/snapshot.ts', import.meta.url).href;
  const source = `
    import { writeSnapshot } from ${JSON.stringify(url)};
    const entries = ${JSON.stringify(entriesFor(padding))};
    const content = { covers: [], unfinished: [], entries };
    await writeSnapshot(${JSON.stringify(path)}, content).catch((e) => console.log(e.code));`;
  // A limit on the size of files, in units of 512 bytes, cuts a write short just as a full disk does.
  const shell = `trap '' XFSZ; ulimit -f ${limit / 512}; exec "$0" "$@"`;
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', shell, process.execPath, '--input-type=module', '-e', source],
    { encoding: 'utf8' },
  );
  assert.equal(stdout, 'EFBIG\n', stderr);
  assert.equal(readFileSync(path, 'utf8'), before);
});

test('a snapshot with whole hashes, as it was written before, says the same', async (t) => {
  const path = snapshotPath(t);
  const whole = [
    past('intent-a.json', { sha: sha('a') }),
    past('intent-ü.json', { sha: sha('b') }),
  ];
  await writeSnapshot(path, content({ entries: whole }));
  const { damaged, entries } = await read(path);
  assert.equal(damaged, 0);
  assert.deepEqual(
    [...entries.values()].map((outcome) => outcome.sha),
    [keptHash(sha('a')), keptHash(sha('b'))],
  );
});

test('entries are written as they are kept, with half a hash', async (t) => {
  const path = snapshotPath(t);
  const history = new History();
  history.set('intent-a.json', { sha: sha('a'), succeeded: true, at: 5 });
  history.set('intent-unread.json', { sha: '', succeeded: false, at: 6 });
  await writeSnapshot(path, content({ entries: history.entries() }));
  const { entries } = JSON.parse(readFileSync(path, 'utf8'));
  assert.deepEqual(
    entries.map((entry: unknown[]) => entry.slice(0, 2)),
    [
      ['intent-unread.json', ''],
      ['intent-a.json', sha('a').slice(0, 32)],
    ],
  );
});

test('a million lines leave no text behind: all chunks are written from one buffer', async (t) => {
  const path = snapshotPath(t);
  const entries = Array.from({ length: 5000 }, (_, index) => past(`intent-ü${index}.json`));
  const handles = await fileHandles();
  const { writeFile } = handles;
  const buffers: ArrayBufferLike[] = [];
  const mock = t.mock.method(handles, 'writeFile', function (this: FileHandle, data: unknown) {
    assert.ok(Buffer.isBuffer(data));
    buffers.push(data.buffer);
    return writeFile.call(this, data);
  });
  await writeSnapshot(path, content({ entries }));
  mock.mock.restore();
  assert.equal(buffers.length, 6);
  assert.equal(new Set(buffers).size, 1);
  assert.deepEqual([...(await read(path)).entries], entries);
});
