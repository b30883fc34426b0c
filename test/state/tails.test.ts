import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keptHash } from '../../src/state/kept-hash.ts';
import type { Store } from '../../src/state/store.ts';
import { tempDir } from '../spool/support.ts';
import { until } from '../tools/until.ts';
import { Fleet } from './fleet.ts';
import { begun, concluded, crash, memoryOf, openStore, read, sha } from './support.ts';

const [A, B, C] = ['intent-a.json', 'intent-b.json', 'intent-c.json'];
const names = [A, B, C];
const SNAPSHOT = '.conductor-state.json';

/** A directory and those who work on it. */
function share(t: TestContext) {
  const handoff = tempDir(t);
  const fleet = new Fleet(handoff);
  return {
    handoff,
    fleet,
    async open(instance: string, life = `${instance}life`): Promise<Store> {
      fleet.lives.set(instance, life);
      const options = { instance, life, others: fleet.others(instance) };
      const { store, said } = await openStore(handoff, options);
      assert.deepEqual(said, []);
      return store;
    },
    async close(instance: string, store: Store): Promise<void> {
      await store.close();
      fleet.lives.delete(instance);
    },
    segments: (instance: string) =>
      readdirSync(handoff)
        .filter((name) => name.startsWith(`.conductor-state.${instance}.journal`))
        .map((name) => name.slice(`.conductor-state.${instance}.journal`.length))
        .sort(),
  };
}

test('two that work side by side know what the other has recorded', async (t) => {
  const { open, close } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  one.started(begun(A));
  await one.flush();
  assert.equal(two.catchUp(), true);
  assert.equal(two.attempts(A, sha(A)), 1);
  const recorded = await one.record(concluded(A));
  two.catchUp();
  assert.equal(two.past(A)?.succeeded, true);
  assert.equal(two.unfinished.get(A)?.outcome?.seq, recorded.seq);
  one.filed(recorded);
  await until(() => two.catchUp() && !two.unfinished.has(A));
  await two.record(concluded(A, { outcome: 'failed', sha: sha('other') }));
  one.catchUp();
  assert.deepEqual(one.past(A), two.past(A));
  assert.deepEqual(memoryOf(one, names), memoryOf(two, names));
  await close('one', one);
  await close('two', two);
});

test('what is recorded later is later for everybody, whatever the clocks say', async (t) => {
  const { open, close } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  const first = await one.record(concluded(A, { at: 5_000_000_000_000 }));
  one.filed(first);
  await one.flush();
  two.catchUp();
  // Its clock is far behind.
  two.started(begun(A, { sha: sha('new') }));
  const second = await two.record(concluded(A, { at: 7, outcome: 'failed', sha: sha('new') }));
  assert.ok(second.at > first.at);
  const three = await open('three');
  for (const store of [one, two, three]) {
    store.catchUp();
    assert.equal(store.past(A)?.sha, keptHash(sha('new')));
    assert.equal(store.unfinished.get(A)?.outcome?.seq, second.seq);
  }
  for (const [name, store] of Object.entries({ one, two, three })) await close(name, store);
});

test('whoever leads writes the snapshot, and it says what all have recorded', async (t) => {
  const { handoff, open, close, segments, fleet } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  await two.record(concluded(B));
  await two.compact();
  assert.equal(existsSync(join(handoff, SNAPSHOT)), false, 'written by one that does not lead');
  one.catchUp();
  await one.record(concluded(A));
  await one.compact();
  const { entries, covers } = await read(join(handoff, SNAPSHOT));
  assert.deepEqual([...entries.keys()].sort(), [A, B]);
  assert.deepEqual(covers.map(({ instance }) => instance).sort(), ['one', 'two']);
  // What comes after it is not covered.
  await two.record(concluded(C));
  fleet.graceMs = 1;
  const three = await open('three');
  assert.deepEqual(memoryOf(three, names).past, memoryOf(two, names).past.with(0, three.past(A)));
  assert.equal(three.size, 3);
  assert.deepEqual(segments('two'), ['']);
  for (const [name, store] of Object.entries({ one, two, three })) await close(name, store);
});

test('one that does not lead seals what has grown large, and leaves the snapshot to the other', async (t) => {
  const { handoff, open, close, segments } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  const status = 'x'.repeat(1024 * 1024);
  for (let count = 0; count < 17; count++) {
    two.filed(await two.record(concluded(B, { status })));
  }
  await until(() => segments('two').includes('.1'));
  await two.compact();
  assert.equal(existsSync(join(handoff, SNAPSHOT)), false);
  one.catchUp();
  await one.compact();
  assert.deepEqual(segments('two'), ['']);
  assert.deepEqual([...(await read(join(handoff, SNAPSHOT))).entries.keys()], [B]);
  for (const [name, store] of Object.entries({ one, two })) await close(name, store);
});

test('a sealed segment that is covered stays until everybody has had time to read it', async (t) => {
  const { open, close, segments, fleet } = share(t);
  fleet.graceMs = 60_000;
  const one = await open('one');
  const two = await open('two');
  await one.record(concluded(A));
  const clock = performance.now();
  await one.compact();
  assert.deepEqual(segments('one'), ['', '.1']);
  two.catchUp();
  await close('two', two);
  await one.tidy();
  // Alone it removes what nobody reads any more.
  assert.deepEqual(segments('one'), ['']);
  const three = await open('three');
  await one.record(concluded(B));
  await one.compact();
  assert.deepEqual(segments('one'), ['', '.2']);
  t.mock.method(performance, 'now', () => clock + 120_000);
  await one.tidy();
  assert.deepEqual(segments('one'), ['']);
  t.mock.restoreAll();
  for (const [name, store] of Object.entries({ one, three })) await close(name, store);
});

test('one that has nothing to do reads all the same, before it is removed', async (t) => {
  const { open, close, segments } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  await one.record(concluded(A));
  await two.tidy();
  await one.compact();
  assert.deepEqual(segments('one'), ['']);
  assert.ok(two.past(A));
  await one.record(concluded(B));
  two.catchUp();
  assert.ok(two.past(B));
  for (const [name, store] of Object.entries({ one, two })) await close(name, store);
});

test('who stops beside others leaves them its journal, the last one a snapshot only', async (t) => {
  const { handoff, open, close, segments } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  await one.record(concluded(A));
  await close('one', one);
  assert.deepEqual(segments('one'), ['.1']);
  await two.record(concluded(B));
  assert.equal(two.catchUp(), true);
  assert.ok(two.past(A));
  await close('two', two);
  assert.deepEqual(readdirSync(handoff), [SNAPSHOT]);
  const again = await open('one');
  assert.equal(again.size, 2);
  await close('one', again);
  assert.deepEqual(readdirSync(handoff), [SNAPSHOT]);
});

test('of a dead one counts what its heir has found, and nothing that it appends', async (t) => {
  const { handoff, open, close, fleet, segments } = share(t);
  const stores = [await open('one'), await open('two'), await open('three')];
  const [one, two, three] = stores;
  assert.ok(one && two && three);
  one.started(begun(A));
  const recorded = await one.record(concluded(A));
  const path = fleet.journalOf('one');
  fleet.bury('one', 'two');
  for (const store of [two, three]) {
    assert.equal(store.catchUp(), false, 'it is not known yet how much counts');
    assert.equal(store.past(A), undefined);
  }
  await two.fence('one');
  const [sealed = ''] = segments('one');
  assert.match(sealed, /^\.1-\d+$/);
  // It wakes up and knows nothing of its death.
  const late = crash(t, handoff);
  await one.record(concluded(B));
  assert.ok(existsSync(path + sealed));
  for (const store of [two, three]) {
    assert.equal(store.catchUp(), true);
    assert.ok(store.past(A));
    assert.equal(store.past(B), undefined);
    assert.equal(store.unfinished.get(A)?.outcome?.seq, recorded.seq);
  }
  two.filed(recorded);
  fleet.estates.clear();
  await until(() => three.catchUp() && three.unfinished.size === 0);
  await one.abandon();
  await close('two', two);
  await close('three', three);
  const last = await open('four');
  assert.deepEqual([last.past(A)?.succeeded, last.past(B)], [true, undefined]);
  await close('four', last);
  // The same where nobody had read it before it was sealed.
  appendFileSync(`${join(late, '.conductor-state.one.journal')}${sealed}`, 'void');
  const { store, said } = await openStore(late);
  assert.deepEqual(said, []);
  assert.ok(store.past(A));
  await store.close();
});

test('a journal that was begun after its writer’s estate was settled has an end for all', async (t) => {
  const { open, close, fleet, segments } = share(t);
  const [one, two, three] = [await open('one'), await open('two'), await open('three')];
  for (const store of [two, three]) assert.equal(store.catchUp(), true);
  assert.deepEqual(two.unfenced, []);
  fleet.lives.delete('one');
  for (const store of [two, three]) assert.equal(store.catchUp(), false);
  assert.deepEqual([two.unfenced, three.unfenced], [['one'], ['one']]);
  // Both at once: the first one decides.
  await Promise.all([two.fence('one'), three.fence('one')]);
  assert.match(segments('one').join(), /^\.1-\d+$/);
  for (const store of [two, three]) {
    assert.equal(store.catchUp(), true);
    assert.deepEqual(store.unfenced, []);
  }
  await one.abandon();
  await close('two', two);
  await close('three', three);
});

test('the journal of one that lives by now is not ended by whoever took it for dead', async (t) => {
  const { handoff, open, close, fleet, segments } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  await two.fence('one');
  assert.deepEqual(segments('one'), ['']);
  fleet.lives.set('three', 'threelife');
  const others = { ...fleet.others('three'), isOurs: () => true };
  const three = (await openStore(handoff, { instance: 'three', life: 'threelife', others })).store;
  assert.deepEqual(segments('one'), ['']);
  await one.record(concluded(A));
  assert.ok(two.catchUp() && three.catchUp());
  assert.deepEqual([two.past(A)?.succeeded, three.past(A)?.succeeded], [true, true]);
  for (const [name, store] of Object.entries({ one, two, three })) await close(name, store);
});

test('a newcomer of a dead one’s name goes on where that ended, for everybody', async (t) => {
  const { open, close, fleet, segments } = share(t);
  const [one, two] = [await open('one'), await open('two')];
  await one.record(concluded(A));
  two.catchUp();
  fleet.lives.delete('one');
  const again = await open('one', 'another');
  assert.deepEqual(segments('one').at(0), '');
  assert.equal(again.past(A)?.succeeded, true);
  await again.record(concluded(B));
  assert.equal(two.catchUp(), true);
  assert.ok(two.past(B));
  await one.abandon();
  await close('one', again);
  await close('two', two);
});

test('a newcomer misses nothing while snapshots are written and segments removed', async (t) => {
  const { open, close } = share(t);
  const one = await open('one');
  const side = await open('side');
  const done: string[] = [];
  let stop = false;
  const work = async (store: Store, by: string) => {
    for (let count = 0; !stop; count++) {
      const name = `intent-${by}-${count}.json`;
      store.filed(await store.record(concluded(name)));
      done.push(name);
      if (by === 'one' && count % 3 === 0) await store.compact();
      one.catchUp();
    }
  };
  const working = [work(one, 'one'), work(side, 'side')];
  for (let round = 0; round < 25; round++) {
    const before = [...done];
    const newcomer = await open(`visitor${round}`);
    newcomer.catchUp();
    for (const name of before) assert.ok(newcomer.past(name), `${name} in round ${round}`);
    await newcomer.record(concluded(`intent-visitor-${round}.json`));
    done.push(`intent-visitor-${round}.json`);
    await close(`visitor${round}`, newcomer);
  }
  stop = true;
  await Promise.all(working);
  await close('side', side);
  await close('one', one);
  const last = await open('last');
  for (const name of done) assert.ok(last.past(name), name);
  assert.equal(last.size, done.length);
  await close('last', last);
});
