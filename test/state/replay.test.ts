import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keptHash } from '../../src/state/kept-hash.ts';
import { encodeRecord, type JournalRecord } from '../../src/state/records.ts';
import { Memory, replaySegment } from '../../src/state/replay.ts';
import { tempDir } from '../spool/support.ts';
import { outcome, sha, start } from './support.ts';

const header = (segment: number, instance = 'here'): JournalRecord => ({
  t: 'segment',
  version: 1,
  instance,
  segment,
  life: 'life',
  created: '2026-01-01T00:00:00.000Z',
});

const names = ['intent-a.json', 'intent-b.json', 'intent-c.json', 'intent-d.json'];
const lines = [header(3), ...names.map((name) => outcome(name))].map(encodeRecord);
const whole = Buffer.from(lines.join(''));

async function replay(path: string, bytes: Buffer | string) {
  writeFileSync(path, bytes);
  const memory = new Memory();
  const reading = await replaySegment(path, memory, []);
  return { ...reading, names: names.filter((name) => memory.history.get(name)) };
}

const journalPath = (t: TestContext) => join(tempDir(t), 'journal');

test('a segment that is torn anywhere in its last record is not damaged', async (t) => {
  const path = journalPath(t);
  const last = Buffer.byteLength(lines.at(-1) ?? '');
  for (let cut = 1; cut <= last; cut++) {
    const { damaged, bytes, ...rest } = await replay(path, whole.subarray(0, whole.length - cut));
    assert.equal(damaged, 0);
    assert.equal(bytes, whole.length - cut);
    assert.deepEqual(rest, { instance: 'here', segment: 3, names: names.slice(0, -1) });
  }
});

test('whatever byte is flipped, all records but its own survive and the damage is counted', async (t) => {
  const path = journalPath(t);
  // The number of the line that each byte belongs to.
  const lineOf = lines.flatMap((line, index) => Array(Buffer.byteLength(line)).fill(index));
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
    const found = await replay(path, bytes);
    const line = lineOf[at];
    // A line feed that is no more joins its line with the next.
    const lost = whole[at] === 10 ? [line, line + 1] : [line];
    const expected = names.filter((_, index) => !lost.includes(index + 1));
    assert.deepEqual(found.names, expected, `byte ${at}`);
    // Without its line feed the last line cannot be told from what a crash leaves.
    assert.equal(found.damaged > 0, at < whole.length - 1, `byte ${at}`);
    assert.equal(found.segment, lost.includes(0) ? undefined : 3);
  }
});

test('bytes that are no journal at all are damage, and nothing more', async (t) => {
  const path = journalPath(t);
  const garbage = Buffer.alloc(5000, 0xff);
  const found = await replay(path, Buffer.concat([garbage, Buffer.from('\n'), whole]));
  assert.deepEqual(found.names, names);
  assert.equal(found.damaged, 1);
  assert.deepEqual((await replay(path, '')).names, []);
});

test('what a snapshot covers of a segment is passed over', async (t) => {
  const path = journalPath(t);
  writeFileSync(path, whole);
  const [first = '', second = '', third = ''] = lines;
  const covered = Buffer.byteLength(first + second + third);
  const cases: [{ instance: string; segment: number; bytes: number }[], string[]][] = [
    [[{ instance: 'here', segment: 3, bytes: covered }], names.slice(2)],
    [[{ instance: 'here', segment: 2, bytes: 99_999 }], names],
    [[{ instance: 'here', segment: 4, bytes: 10 }], []],
    [[{ instance: 'there', segment: 9, bytes: 99_999 }], names],
    // Of one instance a snapshot may name several segments, in any order.
    [
      [
        { instance: 'here', segment: 2, bytes: 99 },
        { instance: 'here', segment: 3, bytes: whole.length },
      ],
      [],
    ],
    [
      [
        { instance: 'here', segment: 4, bytes: 99 },
        { instance: 'here', segment: 2, bytes: 99 },
      ],
      [],
    ],
  ];
  for (const [covers, expected] of cases) {
    const memory = new Memory();
    await replaySegment(path, memory, covers);
    const found = names.filter((name) => memory.history.get(name));
    assert.deepEqual(found, expected, JSON.stringify(covers));
  }
});

const NAME = 'intent-a.json';

function remember(...records: JournalRecord[]): Memory {
  const memory = new Memory();
  for (const record of records) memory.apply(record);
  return memory;
}

test('an intent is unfinished from its start until it is filed', () => {
  const begun = start(NAME);
  const recorded = outcome(NAME, { seq: 's1' });
  assert.deepEqual(remember(begun).unfinished.get(NAME), { start: begun });
  const both = remember(begun, recorded);
  assert.deepEqual(both.unfinished.get(NAME), { start: begun, outcome: recorded });
  both.apply({ t: 'filed', seqs: ['s0', 's1'] });
  assert.equal(both.unfinished.size, 0);
  assert.deepEqual(both.history.get(NAME), { sha: keptHash(sha(NAME)), succeeded: true, at: 1000 });
});

test('an intent that is given back is forgotten, unless somebody died over it', () => {
  const givenBack = start(NAME, { attempt: 0 });
  assert.equal(remember(start(NAME), givenBack).unfinished.size, 0);
  const died = start(NAME, { attempt: 0, deaths: 2 });
  assert.deepEqual(remember(start(NAME), died).unfinished.get(NAME), { start: died });
});

test('a redirection changes the destination of its own outcome only', () => {
  const memory = remember(
    outcome(NAME, { seq: 's1' }),
    outcome('intent-b.json', { seq: 's2' }),
    { t: 'redirected', seq: 's2', to: 'processed/elsewhere.json' },
    { t: 'redirected', seq: 'unheard of', to: 'processed/nowhere.json' },
  );
  assert.equal(memory.unfinished.get(NAME)?.outcome?.to, `processed/${NAME}`);
  assert.equal(memory.unfinished.get('intent-b.json')?.outcome?.to, 'processed/elsewhere.json');
});

test('a filing that comes late does not end a newer run of the same name', () => {
  const memory = remember(
    outcome(NAME, { seq: 's1', at: 1000 }),
    start(NAME, { run: 'life-2', at: 1001 }),
    { t: 'filed', seqs: ['s1'] },
  );
  assert.equal(memory.unfinished.get(NAME)?.start?.run, 'life-2');
});

test('skipping leaves the success in the memory, and pruning takes what is older', () => {
  const memory = remember(
    outcome(NAME, { at: 10 }),
    outcome(NAME, { at: 20, outcome: 'skipped', seq: 's2' }),
    outcome('intent-b.json', { at: 30, outcome: 'timeout' }),
  );
  assert.equal(memory.history.get(NAME)?.at, 10);
  assert.equal(memory.history.get('intent-b.json')?.succeeded, false);
  memory.apply({ t: 'pruned', before: 20 });
  assert.equal(memory.history.get(NAME), undefined);
  assert.equal(memory.history.size, 1);
});
