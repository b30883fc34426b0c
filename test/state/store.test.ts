import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keptHash } from '../../src/state/kept-hash.ts';
import type { OutcomeRecord } from '../../src/state/records.ts';
import type { Store } from '../../src/state/store.ts';
import { tempDir } from '../spool/support.ts';
import { until } from '../tools/until.ts';
import { begun, concluded, crash, memoryOf, openStore, sha } from './support.ts';

const names = ['intent-a.json', 'intent-b.json', 'intent-c.json', 'intent-d.json'];
const [A = '', B = '', C = ''] = names;
const SNAPSHOT = '.conductor-state.json';
const JOURNAL = '.conductor-state.here.journal';

/** One intent in each state: filed, recorded, redirected, begun. */
async function fill(store: Store): Promise<void> {
  for (const name of names) store.started(begun(name));
  store.filed(await store.record(concluded(A)));
  await store.record(concluded(B, { outcome: 'failed', to: `failed/${B}`, log: 'why\n' }));
  const { seq } = await store.record(concluded(C));
  await store.redirect(seq, 'processed/elsewhere.json');
}

test('it remembers the latest outcome of a name, and what it was begun with', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 500 });
  const { store } = await openStore(tempDir(t));
  await fill(store);
  assert.deepEqual(store.past(A), { sha: keptHash(sha(A)), succeeded: true, at: 1000 });
  assert.equal(store.past(B)?.succeeded, false);
  assert.equal(store.past('intent-never.json'), undefined);
  assert.equal(store.size, 3);
  assert.deepEqual([...store.unfinished.keys()], [B, C, 'intent-d.json']);
  assert.equal(store.unfinished.get(C)?.outcome?.to, 'processed/elsewhere.json');
  await store.record(concluded(A, { outcome: 'failed', sha: sha('other'), at: 2000 }));
  assert.deepEqual(store.past(A), { sha: keptHash(sha('other')), succeeded: false, at: 2000 });
  await store.record(concluded(A, { outcome: 'skipped', at: 3000 }));
  assert.equal(store.past(A)?.at, 2000);
  await store.close();
});

test('deaths are counted for the very content that ran', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  assert.equal(store.deaths(A, sha(A)), 0);
  store.started(begun(A, { deaths: 3 }));
  assert.equal(store.deaths(A, sha(A)), 3);
  assert.equal(store.deaths(A, sha('other')), 0);
  await store.close();
  const again = await openStore(handoff);
  assert.equal(again.store.deaths(A, sha(A)), 3);
  again.store.started(begun(A, { attempt: 0, deaths: 0 }));
  assert.equal(again.store.deaths(A, sha(A)), 0);
  await again.store.close();
  const last = await openStore(handoff);
  assert.equal(last.store.unfinished.size, 0);
  await last.store.close();
});

test('a clean end leaves one snapshot, no journal, and the whole memory', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  await fill(store);
  const before = memoryOf(store, names);
  await store.close();
  assert.deepEqual(readdirSync(handoff), [SNAPSHOT]);
  const again = await openStore(handoff);
  assert.deepEqual(memoryOf(again.store, names), before);
  assert.deepEqual(again.said, []);
  assert.equal(again.store.dirty, false);
  const text = readFileSync(join(handoff, SNAPSHOT), 'utf8');
  await again.store.close();
  assert.equal(readFileSync(join(handoff, SNAPSHOT), 'utf8'), text, 'written without need');
});

for (const [what, step] of Object.entries({
  filed: (store: Store, record: OutcomeRecord) => store.filed(record),
  'given back': (store: Store) => store.started(begun(B, { attempt: 0 })),
  redirected: (store: Store, { seq }: OutcomeRecord) =>
    store.redirect(seq, 'processed/elsewhere.json'),
})) {
  test(`what is ${what} after a snapshot is so after a clean end too`, async (t) => {
    const handoff = tempDir(t);
    const { store } = await openStore(handoff);
    const record = await store.record(concluded(A));
    store.started(begun(B));
    await store.compact();
    await step(store, record);
    const before = memoryOf(store, names);
    await store.close();
    const again = await openStore(handoff);
    assert.deepEqual(memoryOf(again.store, names), before);
    await again.store.close();
  });
}

test('a crash at any instant loses nothing that was on record', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  const states: [ReturnType<typeof memoryOf>, string][] = [];
  const steps = [
    async () => store.started(begun(A)),
    async () => void (await store.record(concluded(A))),
    async () => {
      const record = [...store.unfinished.values()][0]?.outcome;
      if (record) store.filed(record);
    },
    () => fill(store),
    () => store.compact(),
    async () => void (await store.record(concluded(A, { outcome: 'failed', at: 5000 }))),
    () => store.compact(),
  ];
  for (const step of steps) {
    await step();
    // A note is on its way for a moment; the next record takes it to the disk.
    await store.record(concluded('intent-mark.json', { at: 1 }));
    states.push([memoryOf(store, names), crash(t, handoff)]);
  }
  await store.close();
  for (const [memory, directory] of states) {
    const again = await openStore(directory);
    assert.deepEqual(memoryOf(again.store, names), memory);
    assert.deepEqual(again.said, []);
    assert.equal(again.store.dirty, true);
    await again.store.close();
    assert.deepEqual(readdirSync(directory), [SNAPSHOT]);
    const last = await openStore(directory);
    assert.deepEqual(memoryOf(last.store, names), memory);
    await last.store.close();
  }
});

test('crash after crash, each segment gets a number of its own', async (t) => {
  let directory = tempDir(t);
  let segmentBytes = 0;
  for (const name of names) {
    const { store } = await openStore(directory);
    await store.record(concluded(name));
    segmentBytes = statSync(join(directory, JOURNAL)).size;
    const copy = crash(t, directory);
    await store.close();
    directory = copy;
  }
  assert.deepEqual(readdirSync(directory).sort(), [
    JOURNAL,
    ...[1, 2, 3].map((segment) => `${JOURNAL}.${segment}-${segmentBytes}`),
  ]);
  const { store } = await openStore(directory);
  assert.equal(store.size, names.length);
  await store.compact();
  assert.deepEqual(readdirSync(directory).sort(), [JOURNAL, SNAPSHOT].sort());
  await store.close();
});

test('records that come while a snapshot is written are in it or in the journal', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  const many = Array.from({ length: 3000 }, (_, index) => `intent-${index}.json`);
  await Promise.all(many.map((name) => store.record(concluded(name))));
  const compacting = store.compact();
  const late: Promise<unknown>[] = [];
  const unfiled: string[] = [];
  let done = false;
  void compacting.finally(() => {
    done = true;
  });
  for (let index = 0; !done; index++) {
    const name = `intent-late-${index}.json`;
    many.push(name);
    const isFiled = index % 2 === 0;
    if (!isFiled) unfiled.push(name);
    late.push(store.record(concluded(name)).then((record) => isFiled && store.filed(record)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(late);
  const copy = crash(t, handoff);
  await store.close();
  for (const directory of [copy, handoff]) {
    const { store } = await openStore(directory);
    for (const name of many) assert.ok(store.past(name), name);
    assert.equal(store.size, many.length);
    for (const name of unfiled) assert.ok(store.unfinished.get(name)?.outcome, name);
    await store.close();
  }
});

test('a snapshot is written by itself when the journal has outgrown the memory', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  const status = 'x'.repeat(1024 * 1024);
  for (let at = 1; at <= 17; at++) {
    store.filed(await store.record(concluded(A, { status, at })));
  }
  await until(() => existsSync(join(handoff, SNAPSHOT)));
  await until(() => !existsSync(join(handoff, `${JOURNAL}.1`)));
  await store.close();
  const again = await openStore(handoff);
  assert.equal(again.store.past(A)?.at, 17);
  await again.store.close();
});

test('what is pruned stays forgotten, after a crash too', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  for (const [at, name] of names.entries()) {
    store.filed(await store.record(concluded(name, { at })));
  }
  await store.compact();
  assert.equal(store.prune(0), 0);
  assert.equal(store.dirty, false);
  assert.equal(store.prune(2), 2);
  await store.record(concluded(A, { at: 7 }));
  const copy = crash(t, handoff);
  await store.close();
  for (const directory of [copy, handoff]) {
    const again = await openStore(directory);
    assert.equal(again.store.size, 3);
    assert.equal(again.store.past(B), undefined);
    assert.equal(again.store.past(A)?.at, 7);
    await again.store.close();
  }
});

test('a disk that refuses is asked again, and nothing is lost', async (t) => {
  const handoff = tempDir(t);
  const refused: string[] = [];
  let failures = 0;
  const { store } = await openStore(handoff, {
    guard: async (what, step) => {
      for (;;) {
        // Every other step fails once before it is begun.
        if (failures++ % 2 === 0) refused.push(what);
        else return step();
      }
    },
  });
  await fill(store);
  const before = memoryOf(store, names);
  await store.compact();
  await store.close();
  const again = await openStore(handoff);
  assert.deepEqual(memoryOf(again.store, names), before);
  assert.ok(refused.includes('write the state snapshot'));
  await again.store.close();
});
