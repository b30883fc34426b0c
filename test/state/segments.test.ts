import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeRecord, LaterVersion } from '../../src/state/records.ts';
import { fence, sealedSegments, segmentName } from '../../src/state/segments.ts';
import { tempDir } from '../spool/support.ts';
import { outcome } from './support.ts';

const journalIn = (t: TestContext) => join(tempDir(t), '.conductor-state.pod-1.journal');

const header = (segment: number, version = 1) =>
  encodeRecord({ t: 'segment', version, instance: 'pod-1', segment, life: 'life', created: '' });

const text = header(3) + encodeRecord(outcome('intent-a.json'));

const listed = (journal: string) => readdirSync(dirname(journal)).sort();

/** Ends a journal and gives what was said of it. `living`: who writes journals. */
async function fenced(journal: string, living: readonly (string | null)[] = []): Promise<string[]> {
  const said: string[] = [];
  await fence(
    journal,
    (message) => said.push(message),
    (life) => living.includes(life),
  );
  return said;
}

test('a segment’s name says whose it is, which one, and how much of it counts', () => {
  const journal = '/handoff/.conductor-state.here.journal';
  const unlimited = Number.POSITIVE_INFINITY;
  const cases: [string, number | null, number][] = [
    ['', null, unlimited],
    ['.7', 7, unlimited],
    ['.7-1234', 7, 1234],
    ['.12-0', 12, 0],
  ];
  for (const [end, number, limit] of cases) {
    const path = journal + end;
    assert.deepEqual(segmentName(path), { path, journal, number, limit });
  }
  // An instance may be called like anything.
  const path = '/handoff/.conductor-state.a.journal.3.journal.9-8';
  assert.equal(segmentName(path).journal, '/handoff/.conductor-state.a.journal.3.journal');
  assert.equal(segmentName(path).number, 9);
});

test('the sealed segments of one journal are found in their order, and nobody else’s', (t) => {
  const journal = journalIn(t);
  const ours = ['.10', '.9-5', '.2', '.100-7'];
  const theirs = [
    '',
    '.1.damaged-20260101T000000000Z',
    '.x',
    '.3-',
    '-4.journal.5',
    '.2.journal.1',
  ];
  for (const end of [...ours, ...theirs]) writeFileSync(journal + end, '');
  assert.deepEqual(
    sealedSegments(journal).map(({ path }) => path.slice(journal.length)),
    ['.2', '.9-5', '.10', '.100-7'],
  );
});

test('a journal whose writer lives is left alone, also where it has said nothing yet', async (t) => {
  for (const [content, life] of [
    [text, 'life'],
    ['', null],
  ] as const) {
    const journal = journalIn(t);
    writeFileSync(journal, content);
    assert.deepEqual(await fenced(journal, [life]), []);
    assert.deepEqual(listed(journal), [basename(journal)]);
    await fenced(journal, ['another']);
    assert.equal(existsSync(journal), false);
  }
});

test('what a dead one was writing is sealed with its length, and what it appends is void', async (t) => {
  const journal = journalIn(t);
  writeFileSync(journal, text);
  assert.deepEqual(await fenced(journal), []);
  const sealed = `${journal}.3-${text.length}`;
  assert.deepEqual(listed(journal), [basename(sealed)]);
  appendFileSync(sealed, encodeRecord(outcome('intent-b.json')));
  // Whoever ends it again changes nothing, and a newcomer’s is another one.
  await fenced(journal);
  assert.deepEqual(
    sealedSegments(journal).map(({ limit }) => limit),
    [text.length],
  );
});

test('no sealed segment is replaced, whatever number a journal gives itself', async (t) => {
  const journal = journalIn(t);
  for (const [content, number] of [
    [text, 3],
    [text, 4],
    ['damaged\n', 5],
    ['', 6],
    [header(1), 1],
    [encodeRecord(outcome('intent-a.json')), 7],
  ] as const) {
    writeFileSync(journal, content);
    await fenced(journal);
    assert.ok(existsSync(`${journal}.${number}-${content.length}`), listed(journal).join());
  }
  assert.equal(sealedSegments(journal).length, 6);
});

test('what is no journal is moved aside, and a later version’s stays as it is', async (t) => {
  for (const make of [mkdirSync, (path: string) => symlinkSync('elsewhere', path)]) {
    const journal = journalIn(t);
    make(journal);
    const [said = ''] = await fenced(journal);
    assert.match(said, /is not a regular file/);
    assert.deepEqual(sealedSegments(journal), []);
  }
  const journal = journalIn(t);
  writeFileSync(journal, header(1, 2));
  await assert.rejects(fenced(journal), LaterVersion);
  assert.deepEqual(listed(journal), [basename(journal)]);
});
