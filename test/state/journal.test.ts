import assert from 'node:assert/strict';
import fs, { existsSync, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Journal, type SealedSegment } from '../../src/state/journal.ts';
import { decodeRecord, type SegmentHeader } from '../../src/state/records.ts';
import { tempDir } from '../spool/support.ts';
import { diskError, fileHandles, outcome, retrying, start } from './support.ts';

const header: SegmentHeader = {
  t: 'segment',
  version: 1,
  instance: 'here',
  segment: 1,
  life: 'life',
  created: '2026-01-01T00:00:00.000Z',
};

async function begin(t: TestContext) {
  const path = join(tempDir(t), 'journal');
  const { guard, refused } = retrying();
  return { path, refused, journal: await Journal.create(path, header, guard) };
}

/** The names of a segment's records in their order; a damaged line is null. */
function namesIn(path: string): (string | null)[] {
  const text = readFileSync(path, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const record = decodeRecord(line);
      return record && 'name' in record ? record.name : (record?.t ?? null);
    });
}

/** An append is over before what wrote it is. */
const nothingUnderWay = () => new Promise((resolve) => setImmediate(resolve));

const names = (count: number, prefix = 'n') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

test('what ends together shares a sync', async (t) => {
  const { path, journal } = await begin(t);
  const handles = await fileHandles();
  const syncs = t.mock.method(handles, 'datasync');
  const writes = t.mock.method(handles, 'write');
  await Promise.all(names(100).map((name) => journal.append(outcome(name))));
  assert.equal(syncs.mock.callCount(), 1);
  assert.equal(writes.mock.callCount(), 1);
  assert.deepEqual(namesIn(path), ['segment', ...names(100)]);
  await journal.close();
});

test('a note is written before anything else can happen, and where the disk refuses it later', async (t) => {
  const { path, journal } = await begin(t);
  await nothingUnderWay();
  journal.note(start('first'));
  assert.deepEqual(namesIn(path), ['segment', 'first']);
  const refusing = t.mock.method(fs, 'writeSync', () => {
    throw diskError('ENOSPC');
  });
  syncBuiltinESMExports();
  journal.note(start('second'));
  assert.deepEqual(namesIn(path), ['segment', 'first']);
  refusing.mock.restore();
  syncBuiltinESMExports();
  await journal.append(outcome('last'));
  assert.deepEqual(namesIn(path), ['segment', 'first', 'second', 'last']);
  await journal.close();
});

test('what is appended during a sync shares the next one', async (t) => {
  const { path, journal } = await begin(t);
  const handles = await fileHandles();
  const { datasync } = handles;
  const late: Promise<void>[] = [];
  const syncs = t.mock.method(handles, 'datasync', async function (this: FileHandle) {
    if (late.length === 0) late.push(...names(50, 'late').map((n) => journal.append(outcome(n))));
    return datasync.call(this);
  });
  await journal.append(outcome('first'));
  await Promise.all(late);
  assert.equal(syncs.mock.callCount(), 2);
  assert.deepEqual(namesIn(path), ['segment', 'first', ...names(50, 'late')]);
  await journal.close();
});

test('a note is written without a sync, and synced with the next record', async (t) => {
  const { path, journal } = await begin(t);
  const syncs = t.mock.method(await fileHandles(), 'datasync');
  journal.note(start('noted'));
  while (namesIn(path).length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(syncs.mock.callCount(), 0);
  await journal.append(outcome('appended'));
  assert.equal(syncs.mock.callCount(), 1);
  assert.deepEqual(namesIn(path), ['segment', 'noted', 'appended']);
  assert.equal(journal.bytes, readFileSync(path).length);
  await journal.close();
});

/** How a disk fails while records are written; `times` says how often. */
type Fault = (t: TestContext, times: number) => Promise<void>;

/** One write of the journal: the whole of it, or its first bytes. */
type Write = (bytes?: number) => ReturnType<FileHandle['write']>;

/** The first `times` writes are `faulty`. */
async function breakWrites(
  t: TestContext,
  times: number,
  faulty: (write: Write) => ReturnType<Write>,
) {
  const handles = await fileHandles();
  const { write } = handles;
  let left = times;
  t.mock.method(
    handles,
    'write',
    function (this: FileHandle, data: Buffer, from: number, length: number, at: number) {
      const really: Write = (bytes = length) => {
        return Reflect.apply(write, this, [data, from, Math.min(bytes, length), at]);
      };
      return left-- > 0 ? faulty(really) : really();
    },
  );
}

const faults: Record<string, Fault> = {
  'a sync fails': async (t, times) => {
    const handles = await fileHandles();
    const { datasync } = handles;
    let left = times;
    t.mock.method(handles, 'datasync', async function (this: FileHandle) {
      if (left-- > 0) throw diskError('EIO');
      return datasync.call(this);
    });
  },
  'a write fails half-way': (t, times) =>
    breakWrites(t, times, async (write) => {
      await write(30);
      throw diskError('ENOSPC');
    }),
  'a write fails before it has begun': (t, times) =>
    breakWrites(t, times, () => Promise.reject(diskError('ENOSPC'))),
  'a write is short': (t, times) => breakWrites(t, times, (write) => write(10)),
};

for (const [what, fail] of Object.entries(faults)) {
  for (const times of [1, 3]) {
    test(`where ${what} (${times}), the journal holds each record exactly once`, async (t) => {
      const { path, journal, refused } = await begin(t);
      await journal.append(outcome('before'));
      journal.note(start('noted'));
      while (namesIn(path).length < 3) await new Promise((resolve) => setImmediate(resolve));
      await fail(t, times);
      await Promise.all(names(5).map((name) => journal.append(outcome(name))));
      assert.equal(refused.length, what.includes('short') ? 0 : times);
      await journal.append(outcome('after'));
      const expected = ['segment', 'before', 'noted', ...names(5), 'after'];
      assert.deepEqual(namesIn(path), expected);
      assert.equal(journal.bytes, readFileSync(path).length);
      await journal.close();
      assert.deepEqual(namesIn(path), expected);
    });
  }
}

test('nobody hears that a record is on disk before it is', async (t) => {
  const { journal } = await begin(t);
  const handles = await fileHandles();
  const { datasync } = handles;
  const events: string[] = [];
  t.mock.method(handles, 'datasync', async function (this: FileHandle) {
    if (events.push('sync') <= 3) throw diskError('EIO');
    await datasync.call(this);
    events.push('synced');
  });
  await journal.append(outcome('a')).then(() => events.push('told'));
  assert.deepEqual(events, ['sync', 'sync', 'sync', 'sync', 'synced', 'told']);
  t.mock.restoreAll();
  await journal.close();
});

test('a segment is sealed between two records, and nothing is lost or twice', async (t) => {
  const { path, journal } = await begin(t);
  const appended: Promise<void>[] = [];
  const sealed: Promise<SealedSegment>[] = [];
  for (let round = 0; round < 5; round++) {
    appended.push(...names(20, `${round}-`).map((name) => journal.append(outcome(name))));
    sealed.push(journal.rotate());
    // The next round begins while this one is still being written, or when it is sealed.
    if (round % 2 === 0) await sealed.at(-1);
    else await new Promise((resolve) => setImmediate(resolve));
    appended.push(...names(3, `${round}+`).map((name) => journal.append(outcome(name))));
    await sealed.at(-1);
  }
  await Promise.all(appended);
  const segments = await Promise.all(sealed);
  assert.deepEqual(
    segments.map(({ path, instance, segment, bytes }) => [path, instance, segment, bytes]),
    segments.map((_, index) => {
      const file = `${path}.${index + 1}`;
      return [file, 'here', index + 1, readFileSync(file).length];
    }),
  );
  const all = [...segments.map((one) => namesIn(one.path)), namesIn(path)];
  for (const segment of all) assert.equal(segment.shift(), 'segment');
  const expected = [0, 1, 2, 3, 4].flatMap((round) => [
    ...names(20, `${round}-`),
    ...names(3, `${round}+`),
  ]);
  assert.deepEqual(all.flat(), expected);
  await journal.close();
});

test('where sealing fails, what was not synced is written again first', async (t) => {
  const { path, journal, refused } = await begin(t);
  journal.note(start('noted'));
  while (namesIn(path).length < 2) await new Promise((resolve) => setImmediate(resolve));
  const handles = await fileHandles();
  const { datasync } = handles;
  let left = 1;
  t.mock.method(handles, 'datasync', async function (this: FileHandle) {
    if (left-- > 0) throw diskError('EIO');
    return datasync.call(this);
  });
  const writes = t.mock.method(handles, 'write');
  const sealed = await journal.rotate();
  assert.deepEqual(refused, ['seal the journal: EIO']);
  // After a failed sync the system takes the pages for written: only a new write mends that.
  assert.ok(writes.mock.calls.some(({ arguments: [data] }) => `${data}`.includes('"noted"')));
  assert.deepEqual(namesIn(sealed.path), ['segment', 'noted']);
  await journal.append(outcome('next'));
  assert.deepEqual(namesIn(path), ['segment', 'next']);
  assert.equal(decodeRecord(readFileSync(path, 'utf8').split('\n')[0] ?? '')?.t, 'segment');
  t.mock.restoreAll();
  await journal.close();
});

test('what is left is written when the journal is closed', async (t) => {
  const { path, journal } = await begin(t);
  journal.note(start('noted'));
  await journal.close();
  assert.deepEqual(namesIn(path), ['segment', 'noted']);
});

test('a note that comes while a refused close is tried again is not lost', async (t) => {
  const { path, journal, refused } = await begin(t);
  const handles = await fileHandles();
  journal.note(start('before'));
  const { truncate, datasync } = handles;
  let syncs = 0;
  t.mock.method(handles, 'datasync', async function (this: FileHandle) {
    if (syncs++ === 0) throw diskError('EIO');
    await datasync.call(this);
  });
  t.mock.method(handles, 'truncate', async function (this: FileHandle, length?: number) {
    journal.note(start('late'));
    await truncate.call(this, length);
  });
  await journal.close();
  assert.deepEqual(namesIn(path), ['segment', 'before', 'late']);
  assert.equal(refused.length, 1);
});

test('a journal that belongs to somebody else is left as it is', async (t) => {
  const { path, journal } = await begin(t);
  await journal.append(outcome('ours'));
  void journal.append(outcome('void'));
  journal.note(start('void'));
  await journal.abandon();
  assert.deepEqual(namesIn(path), ['segment', 'ours']);
  assert.ok(existsSync(path));
});

test('a record that comes in whatever instant is written without another to wake it', async (t) => {
  const { path, journal } = await begin(t);
  for (let turns = 0; turns < 12; turns++) {
    await journal.append(outcome(`n${turns}`));
    for (let turn = 0; turn < turns; turn++) await null;
  }
  assert.deepEqual(namesIn(path), ['segment', ...names(12)]);
  await journal.close();
});
