import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { encodeRecord, type JournalRecord } from '../../src/state/records.ts';
import { fence } from '../../src/state/segments.ts';
import { Tail } from '../../src/state/tail.ts';
import { tempDir } from '../spool/support.ts';
import { outcome } from './support.ts';

const header = (segment: number, life = 'life1'): string =>
  encodeRecord({ t: 'segment', version: 1, instance: 'pod', segment, life, created: '' });

const said = (name: string) => encodeRecord(outcome(name));

/** A journal that the test writes, and a tail that reads it. */
function journalOf(t: TestContext, from = { segment: 0, bytes: 0 }) {
  const path = join(tempDir(t), '.conductor-state.pod.journal');
  const names: string[] = [];
  const apply = (record: JournalRecord) => record.t === 'outcome' && names.push(record.name);
  const tail = new Tail(path, from, apply);
  t.after(() => tail.close());
  return {
    path,
    tail,
    names,
    /** Reads on, while that life's lease is in place, and gives what was new. */
    read(life: string | null = 'life1'): [string, ...string[]] {
      names.length = 0;
      const state = tail.catchUp((its) => its === life);
      return [state, ...names];
    },
  };
}

test('a journal is read as it grows, whole lines only', (t) => {
  const { path, read, tail } = journalOf(t);
  assert.deepEqual(read(), ['ended']);
  writeFileSync(path, '');
  assert.deepEqual(read(), ['ended']);
  writeFileSync(path, header(1) + said('a'));
  assert.deepEqual(read(), ['current', 'a']);
  assert.deepEqual(read(), ['current']);
  const [b, c] = [said('b'), said('ç')].map((text) => Buffer.from(text));
  assert.ok(b && c);
  appendFileSync(path, b);
  // Cut within a character of two bytes.
  const half = c.indexOf('ç') + 1;
  appendFileSync(path, c.subarray(0, half));
  assert.deepEqual(read(), ['current', 'b']);
  appendFileSync(path, c.subarray(half));
  assert.deepEqual(read(), ['current', 'ç']);
  appendFileSync(path, `damaged\n${said('d')}`);
  assert.deepEqual(read(), ['current', 'd']);
  assert.equal(tail.position.segment, 1);
});

test('reading goes on from segment to segment', (t) => {
  const { path, read } = journalOf(t);
  writeFileSync(path, header(1) + said('a'));
  assert.deepEqual(read(), ['current', 'a']);
  appendFileSync(path, said('b'));
  renameSync(path, `${path}.1`);
  assert.deepEqual(read(), ['ended', 'b']);
  writeFileSync(path, header(2) + said('c'));
  renameSync(path, `${path}.2`);
  writeFileSync(path, header(3) + said('d'));
  assert.deepEqual(read(), ['current', 'c', 'd']);
  assert.deepEqual(read(), ['current']);
});

test('a journal that others have sealed and left is read to its end', (t) => {
  const { path, read } = journalOf(t);
  writeFileSync(`${path}.4`, header(4) + said('a'));
  writeFileSync(`${path}.5`, header(5) + said('b'));
  assert.deepEqual(read(null), ['ended', 'a', 'b']);
  writeFileSync(path, header(6, 'life2') + said('c'));
  assert.deepEqual(read('life2'), ['current', 'c']);
});

test('reading begins behind what a snapshot covers', (t) => {
  const covered = Buffer.byteLength(header(2) + said('b'));
  const { path, read, tail } = journalOf(t, { segment: 2, bytes: covered });
  writeFileSync(`${path}.1`, header(1) + said('a'));
  writeFileSync(`${path}.2`, header(2) + said('b') + said('c'));
  writeFileSync(path, header(3) + said('d'));
  assert.deepEqual(read(), ['current', 'c', 'd']);
  assert.deepEqual(tail.position, { segment: 3, bytes: Buffer.byteLength(header(3) + said('d')) });
});

test('nothing counts that was read while the lease was not in its place', async (t) => {
  const { path, read } = journalOf(t);
  writeFileSync(path, header(1) + said('a'));
  assert.deepEqual(read(), ['current', 'a']);
  const file = openSync(path, 'a');
  t.after(() => closeSync(file));
  writeSync(file, said('b'));
  assert.deepEqual(read(null), ['unknown']);
  assert.deepEqual(read('life2'), ['unknown']);
  // What it wrote before its end was set counts, also where nobody had read it.
  await fence(
    path,
    () => {},
    () => false,
  );
  writeSync(file, said('void'));
  assert.deepEqual(read(null), ['ended', 'b']);
  assert.deepEqual(read(null), ['ended']);
});

test('of a line that its writer had not finished when its end was set nothing counts', async (t) => {
  const { path, read } = journalOf(t);
  const [half, rest] = [said('b').slice(0, 30), said('b').slice(30)];
  writeFileSync(path, header(1) + said('a') + half);
  const file = openSync(path, 'a');
  t.after(() => closeSync(file));
  await fence(
    path,
    () => {},
    () => false,
  );
  writeSync(file, rest + said('void'));
  assert.deepEqual(read(null), ['ended', 'a']);
});

test('a newcomer of the same name is followed behind the end of the one before', async (t) => {
  const { path, read } = journalOf(t);
  writeFileSync(path, header(1) + said('a'));
  read();
  await fence(
    path,
    () => {},
    () => false,
  );
  writeFileSync(path, header(2, 'life2') + said('b'));
  assert.deepEqual(read('life1'), ['unknown']);
  assert.deepEqual(read('life2'), ['current', 'b']);
});

test('where a journal is gone with all its segments the next one counts anew', (t) => {
  const { path, read } = journalOf(t);
  writeFileSync(`${path}.7`, header(7) + said('a'));
  assert.deepEqual(read(null), ['ended', 'a']);
  rmSync(`${path}.7`);
  assert.deepEqual(read(null), ['ended']);
  // It has come, recorded and gone since.
  writeFileSync(`${path}.1`, header(1, 'life2') + said('b'));
  assert.deepEqual(read(null), ['ended', 'b']);
});

test('a journal that was rotated between two steps of a look is read in full', (t) => {
  const { path, names, tail } = journalOf(t);
  writeFileSync(path, header(1) + said('a'));
  let asked = 0;
  const rotateOnce = (): boolean => {
    if (asked++ === 0) {
      appendFileSync(path, said('b'));
      renameSync(path, `${path}.1`);
      writeFileSync(path, header(2) + said('c'));
    }
    return true;
  };
  assert.equal(tail.catchUp(rotateOnce), 'current');
  assert.equal(tail.catchUp(rotateOnce), 'current');
  assert.deepEqual(names, ['a', 'b', 'c']);
});
