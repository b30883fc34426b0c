/**
 * The state at any byte, through the entry of `src/state`: whatever byte of journal or snapshot is
 * lost or changed, the memory is that of the sound lines, and nothing else.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import type { Store } from '../../src/state/store.ts';
import { tempDir } from '../spool/support.ts';
import { begun, concluded, crash, fileHandles, memoryOf, openStore } from '../state/support.ts';
import { damageOf } from './crashed-spool.ts';
import { cuts, type Damage, flipped } from './damage.ts';
import { scaled } from './scale.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'old'].map((word) => `intent-${word}.json`);
const [A = '', B = '', C = '', D = '', E = '', F = '', G = '', OLD = ''] = names;
const SNAPSHOT = '.conductor-state.json';
const JOURNAL = '.conductor-state.here.journal';

/** One in so many cases is also followed through a clean end and a second start. */
const FOLLOWED = scaled(16, 1);

/** Every byte is tried: so there are as few as a record needs. */
const short = { sha: 'ab', id: { ino: '7', size: 3, mtimeNs: '9' } };
const start = (name: string, changes = {}) => begun(name, { ...short, run: 'r', ...changes });
const end = (name: string, changes = {}) => concluded(name, { ...short, status: '{}', ...changes });

/** A record of each kind, and an intent in each state. */
async function live(store: Store): Promise<void> {
  for (const name of [A, B, C, D]) store.started(start(name));
  store.filed(await store.record(end(A)));
  await store.record(end(B, { outcome: 'failed', to: `failed/${B}`, log: 'why\n' }));
  const { seq } = await store.record(end(C));
  await store.redirect(seq, `processed/other-${C}`);
  store.started(start(A, { deaths: 1 }));
  await store.record(end(A, { outcome: 'skipped', at: 2000 }));
  store.filed(await store.record(end(E, { outcome: 'timeout' })));
  store.started(start(F, { attempt: 2, deaths: 1 }));
  store.prune(600);
  store.filed(await store.record(end(G, { at: 3000 })));
  await store.record(end(F, { at: 4000 }));
}

/** A snapshot of one life, and what the next one has left when it was killed, and when it ended. */
async function makeState(t: TestContext): Promise<{ killed: string; ended: string }> {
  const ended = tempDir(t);
  const first = await openStore(ended, { life: 'i' });
  for (const [name, at] of [
    [G, 900],
    [OLD, 500],
  ] as const) {
    first.store.filed(await first.store.record(end(name, { at })));
  }
  await first.store.record(end(B, { at: 900 }));
  await first.store.close();
  const second = await openStore(ended, { life: 'j' });
  await live(second.store);
  const killed = crash(t, ended);
  await second.store.close();
  return { killed, ended };
}

/** No power fails here, and thousands of syncs would take most of the time. */
before(async () => {
  const handles = await fileHandles();
  handles.sync = handles.datasync = async () => {};
});

type Files = Record<string, string | Buffer>;

function fill(handoff: string, files: Files): void {
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(handoff, name), bytes);
}

/** What a start on these files remembers and says, and the copies that it sets aside. */
async function startOn(root: string, files: Files, followed: boolean) {
  const handoff = mkdtempSync(join(root, 'case-'));
  fill(handoff, files);
  const { store, said } = await openStore(handoff);
  const memory = memoryOf(store, names);
  const aside = readdirSync(handoff)
    .filter((name) => name.includes('.damaged-'))
    .map((name) => ({ name, bytes: readFileSync(join(handoff, name)) }));
  if (!followed) {
    await store.abandon();
  } else {
    await store.close();
    const again = await openStore(handoff);
    assert.deepEqual(again.said, [], 'the next start is clean');
    assert.deepEqual(memoryOf(again.store, names), memory, 'the next start knows the same');
    await again.store.close();
    assert.deepEqual(
      readdirSync(handoff).sort(),
      [SNAPSHOT, ...aside.map(({ name }) => name)].sort(),
    );
  }
  rmSync(handoff, { recursive: true });
  return { memory, said, aside };
}

type Expectation = { sound: Files; damaged: boolean };

/** Tries each damage to one of the files; `expect` says what a start may make of the bytes. */
async function tryAll(
  root: string,
  { files, name, cases }: { files: Files; name: string; cases: Iterable<Damage> },
  expect: (bytes: Buffer) => Expectation,
): Promise<number> {
  const known = new Map<string, unknown>();
  let count = 0;
  for (const { what, bytes } of cases) {
    const { sound, damaged } = expect(bytes);
    const key = JSON.stringify(sound);
    if (!known.has(key)) {
      const reference = await startOn(root, { ...files, ...sound }, false);
      assert.deepEqual(reference.said, [], `${what}: the sound lines alone`);
      known.set(key, reference.memory);
    }
    const found = await startOn(root, { ...files, [name]: bytes }, count++ % FOLLOWED === 0);
    assert.deepEqual(found.memory, known.get(key), what);
    if (!damaged) {
      assert.deepEqual(found.said, [], what);
      assert.deepEqual(found.aside, [], what);
      continue;
    }
    assert.equal(found.said.length, 1, what);
    const said = found.said[0]?.replace(/^E009 /, '') ?? '';
    assert.match(said, damageOf(name), what);
    const [copy] = found.aside;
    assert.equal(found.aside.length, 1, what);
    assert.match(copy?.name ?? '', /\.damaged-\d{8}T\d{9}Z$/);
    assert.ok(copy?.name.startsWith(`${name}.`) && copy.bytes.equals(bytes), what);
  }
  return count;
}

/** The lines of a text that ends with a line feed, each with its own. */
const linesIn = (text: string): string[] => text.split(/(?<=\n)/);

test('a journal cut or changed at any byte loses the lines it touches, and no other', async (t) => {
  const { killed } = await makeState(t);
  const whole = readFileSync(join(killed, JOURNAL));
  const lines = linesIn(whole.toString());
  assert.ok(lines.length >= 18, `${lines.length} records`);
  const files = { [SNAPSHOT]: readFileSync(join(killed, SNAPSHOT)) };
  const expect = (bytes: Buffer): Expectation => {
    const found = linesIn(bytes.toString());
    const sound = found.filter((line) => lines.includes(line));
    const bad = found.filter((line) => line.endsWith('\n') && !lines.includes(line));
    return { sound: { [JOURNAL]: sound.join('') }, damaged: bad.length > 0 };
  };
  for (const cases of [cuts(whole), flipped(whole)]) {
    const count = await tryAll(tempDir(t), { files, name: JOURNAL, cases }, expect);
    assert.ok(count > whole.length / 2);
  }
});

test('a snapshot cut or changed at any byte loses the lines it touches, and no other', async (t) => {
  const { ended } = await makeState(t);
  const whole = readFileSync(join(ended, SNAPSHOT));
  // The commas between lines and the empty ones are JSON's, and hold nothing.
  const plain = (text: string) =>
    text.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/,$/, '')]));
  const lines = plain(whole.toString());
  const last = lines.at(-1);
  const begin = '],"entries":[';
  const kinds = ['"', '["'].map((start) => lines.filter((line) => line.startsWith(start)));
  assert.ok(kinds.every((kind) => kind.length >= 4));
  const expect = (bytes: Buffer): Expectation => {
    const found = plain(bytes.toString());
    const [unfinished = [], entries = []] = kinds.map((kind) =>
      kind.filter((line) => found.includes(line)),
    );
    const sound = [
      ...[lines[0], unfinished.join(',\n'), begin, entries.join(',\n')],
      ...[`],"count":${entries.length}}`, ''],
    ].join('\n');
    const damaged = found.length !== lines.length || found.some((line, n) => line !== lines[n]);
    return { sound: { [SNAPSHOT]: sound }, damaged };
  };
  assert.equal(last, `],"count":${kinds[1]?.length}}`);
  for (const cases of [cuts(whole, scaled(3, 1)), flipped(whole)]) {
    const count = await tryAll(tempDir(t), { files: {}, name: SNAPSHOT, cases }, expect);
    assert.ok(count > whole.length / 4);
  }
});
