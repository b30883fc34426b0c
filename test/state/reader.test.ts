import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StateReader, type StateVisitor } from '../../src/state/reader.ts';
import { encodeRecord, type JournalRecord, LaterVersion } from '../../src/state/records.ts';
import { type Covered, writeSnapshot } from '../../src/state/snapshot.ts';
import { tempDir } from '../spool/support.ts';
import { outcome, sha, start } from './support.ts';

const header = (segment: number, version = 1): JournalRecord => ({
  t: 'segment',
  version,
  instance: 'one',
  segment,
  life: 'life',
  created: '2026-01-01T00:00:00.000Z',
});

/** What was told, in short. */
class Told implements StateVisitor {
  words: string[] = [];
  begin(): void {
    this.words.push('begin');
  }
  glance(line: string): boolean {
    return !line.includes('unwanted');
  }
  entry(name: string): void {
    this.words.push(`entry ${name}`);
  }
  unfinished(record: JournalRecord): void {
    this.words.push(`unfinished ${record.t}`);
  }
  record(record: JournalRecord, instance: string): void {
    this.words.push(`${instance} ${record.t} ${'name' in record ? record.name : ''}`.trim());
  }
  take(): string[] {
    return this.words.splice(0);
  }
}

function setUp(t: TestContext) {
  const dir = tempDir(t);
  const snapshot = join(dir, '.conductor-state.json');
  const journal = join(dir, '.conductor-state.one.journal');
  const files = async () =>
    readdirSync(dir)
      .filter((name) => name.includes('.journal'))
      .map((name) => join(dir, name));
  return { dir, snapshot, journal, reader: new StateReader(snapshot, files), told: new Told() };
}

async function save(path: string, names: readonly string[], covers: Covered[] = []) {
  const at = 1000;
  await writeSnapshot(path, {
    covers,
    unfinished: [start('intent-u.json')],
    entries: names.map((name) => [name, { sha: sha(name), succeeded: true, at }]),
  });
}

const write = (path: string, ...records: JournalRecord[]) =>
  appendFileSync(path, records.map(encodeRecord).join(''));

test('snapshot and journals are told once, and from then on what is new', async (t) => {
  const { snapshot, journal, reader, told } = setUp(t);
  await save(snapshot, ['intent-a.json', 'intent-unwanted.json']);
  write(journal, header(1), outcome('intent-b.json'), outcome('intent-unwanted.json'));
  await reader.readOn(told);
  assert.deepEqual(told.take(), [
    'begin',
    'unfinished start',
    'entry intent-a.json',
    'one outcome intent-b.json',
  ]);
  await reader.readOn(told);
  assert.deepEqual(told.take(), []);
  write(journal, outcome('intent-c.json'));
  renameSync(journal, `${journal}.1`);
  write(journal, header(2), outcome('intent-d.json'));
  // A write under way: it is told when it is whole.
  const line = encodeRecord(outcome('intent-e.json'));
  appendFileSync(journal, line.slice(0, 50));
  await reader.readOn(told);
  assert.deepEqual(told.take(), ['one outcome intent-c.json', 'one outcome intent-d.json']);
  appendFileSync(journal, line.slice(50));
  await reader.readOn(told);
  assert.deepEqual(told.take(), ['one outcome intent-e.json']);
  assert.equal(reader.damaged, 0);
});

test('what the snapshot covers is not told again, and a new one begins anew', async (t) => {
  const { snapshot, journal, reader, told } = setUp(t);
  write(journal, header(3), outcome('intent-a.json'));
  const bytes = statSync(journal).size;
  write(journal, outcome('intent-b.json'));
  await save(snapshot, ['intent-a.json'], [{ instance: 'one', segment: 3, bytes }]);
  await reader.readOn(told);
  const first = ['begin', 'unfinished start', 'entry intent-a.json', 'one outcome intent-b.json'];
  assert.deepEqual(told.take(), first);
  await save(snapshot, ['intent-a.json'], [{ instance: 'one', segment: 3, bytes }]);
  await reader.readOn(told);
  assert.deepEqual(told.take(), first);
});

test('bytes behind a fence do not count, and damage is counted and left where it is', async (t) => {
  const { dir, snapshot, journal, reader, told } = setUp(t);
  write(journal, header(1), outcome('intent-a.json'));
  appendFileSync(journal, 'damaged\n');
  const { size } = statSync(journal);
  write(journal, outcome('intent-void.json'));
  renameSync(journal, `${journal}.1-${size}`);
  await save(snapshot, ['intent-b.json']);
  const before = readdirSync(dir);
  await reader.readOn(told);
  const words = told.take();
  assert.ok(words.includes('one outcome intent-a.json'));
  assert.ok(!words.includes('one outcome intent-void.json'));
  assert.equal(reader.damaged, 1);
  assert.deepEqual(readdirSync(dir), before);
});

test('nothing at all, what is no file, and a later version', async (t) => {
  const { snapshot, journal, reader, told } = setUp(t);
  await reader.readOn(told);
  assert.deepEqual(told.take(), ['begin']);
  write(journal, header(1, 9));
  await assert.rejects(reader.readOn(told), LaterVersion);
  rmSync(journal);
  writeFileSync(snapshot, '{"version":"1.0","states":{}}');
  await reader.readOn(told);
  assert.deepEqual(told.take(), ['begin']);
});
