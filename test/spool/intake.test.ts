import assert from 'node:assert/strict';
import fs, {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../tools/until.ts';
import { put } from './support.ts';
import { Watched } from './watched.ts';

test('a backlog settles with the first look, in the order of dropping', async (t) => {
  const watched = new Watched(t, { watch: false }, false);
  watched.putOld('intent-c.json', 3000);
  watched.putOld('intent-a.json', 1000);
  watched.putOld('intent-b.json', 2000);
  for (const other of ['intent-x.txt', 'other.json', '.intent-y.json', 'intent-z.json.tmp']) {
    watched.putOld(other, 3000);
  }
  await watched.intake.look();
  assert.equal(watched.intake.settled, 3);
  assert.equal(watched.intake.peek()?.name, 'intent-c.json');
  assert.deepEqual(
    watched.intake.take(2).map(({ name }) => name),
    ['intent-c.json', 'intent-b.json'],
  );
  const [last] = watched.intake.take(2);
  assert.equal(last?.path, join(watched.handoff, 'intent-a.json'));
  assert.ok(last && Math.abs(Date.now() - 1000 - last.time) < 60_000);
  watched.intake.putBack(last);
  assert.deepEqual(watched.intake.peek(), { name: 'intent-a.json', time: last.time });
});

test('a file that is dropped settles when it was quiet for the debounce', async (t) => {
  const watched = new Watched(t, { debounceMs: 150, periodMs: 60_000 });
  await watched.intake.start();
  const path = watched.put('intent-a.json', 'a');
  let last = Date.now();
  for (let writes = 0; writes < 10; writes++) {
    appendFileSync(path, 'more');
    last = Date.now();
    await delay(20);
  }
  await until(() => watched.takenAt >= last);
  // The kernel stamps a file with a clock that ticks every few milliseconds.
  assert.ok(watched.takenAt - last >= 130, `${watched.takenAt - last} ms`);
  assert.ok(watched.changed.every((name) => name === 'intent-a.json'));
  assert.ok(watched.changed.length > 0);
});

test('what the kernel does not tell a look finds, and takes nothing twice', async (t) => {
  const watched = new Watched(t, { watch: false });
  await watched.intake.start();
  for (const name of ['intent-a.json', 'intent-b.json']) watched.put(name);
  await until(() => watched.taken.length >= 2);
  await watched.looked();
  assert.deepEqual(watched.names.sort(), ['intent-a.json', 'intent-b.json']);
  assert.deepEqual(watched.changed, []);
});

test('a look takes at once what was quiet before the news of it, and nothing else', async (t) => {
  const watched = new Watched(t, { debounceMs: 30_000, periodMs: 60_000 });
  await watched.intake.start();
  for (const name of ['intent-back.json', 'intent-new.json']) watched.put(name);
  const old = new Date(Date.now() - 60_000);
  // As when it is given back: the move is news, its content is not.
  utimesSync(join(watched.handoff, 'intent-back.json'), old, old);
  await until(() => watched.intake.settling === 2);
  await watched.intake.look();
  assert.deepEqual(watched.names, ['intent-back.json']);
  assert.equal(watched.intake.settling, 1);
  await watched.intake.look();
  assert.deepEqual(watched.names, ['intent-back.json']);
});

test('what a look has found is not overtaken by what settles before the look is over', async (t) => {
  const watched = new Watched(t, { watch: false, debounceMs: 0 }, false);
  const { intake, events } = watched;
  // So many that the look gives other work a turn, with older ones among the first.
  for (let index = 0; index < 3000; index++) watched.put(`other-${index}`);
  for (let index = 0; index < 100; index++) watched.putOld(`intent-older-${index}.json`, 60_000);
  watched.putOld('intent-newer.json', 2000);
  const seen: { first: string | undefined; earliest: string | undefined }[] = [];
  // The look passes over the newer file, which is due before the look goes on.
  events.taken = (name) => {
    if (name === 'intent-newer.json') return true;
    if (!intake.has('intent-newer.json')) intake.settle('intent-newer.json', 0);
    return false;
  };
  events.arrived = () => {
    seen.push({ first: intake.peek()?.name, earliest: intake.earliest?.name });
  };
  await intake.look();
  const [during, after] = seen;
  assert.equal(during?.first, 'intent-newer.json');
  assert.match(during?.earliest ?? '', /^intent-older-/);
  assert.match(after?.first ?? '', /^intent-older-/);
  assert.equal(after?.earliest, after?.first);
});

test('who was stopped hears all news before anything settles by what it knew before', async (t) => {
  const watched = new Watched(t, { periodMs: 60_000 });
  const { intake } = watched;
  await intake.start();
  // As after the claim of an earlier file of this name, which is news of it, too.
  intake.settle('intent-newer.json', 20);
  watched.putOld('intent-older.json', 1000);
  watched.putOld('intent-newer.json', 500);
  for (const awake = performance.now() + 100; performance.now() < awake; );
  await until(() => watched.taken.length >= 2);
  assert.deepEqual(watched.names, ['intent-older.json', 'intent-newer.json']);
});

test('a look anew begins after one that is under way', async (t) => {
  const watched = new Watched(t, { watch: false, debounceMs: 0 });
  const first = watched.intake.look();
  const anew = watched.intake.lookAnew();
  // The first one may have read the directory by now.
  watched.put('intent-late.json');
  await Promise.all([first, anew]);
  assert.deepEqual(watched.names, ['intent-late.json']);
  assert.equal(watched.looks, 2);
});

test('a file that is renamed in, and one that replaces it, settle each', async (t) => {
  const watched = new Watched(t, { periodMs: 60_000 });
  await watched.intake.start();
  for (const count of [1, 2]) {
    renameSync(watched.put('part'), join(watched.handoff, 'intent-a.json'));
    await until(() => watched.taken.length === count);
    watched.inHand.clear();
  }
});

test('a file that is gone before it has settled is forgotten', async (t) => {
  const watched = new Watched(t, { debounceMs: 100 });
  await watched.intake.start();
  rmSync(watched.put('intent-a.json'));
  watched.put('intent-b.json');
  await until(() => watched.taken.length > 0);
  await until(() => watched.intake.settling === 0);
  assert.deepEqual(watched.names, ['intent-b.json']);
});

test('the news that a file is gone leaves nothing to be waited for', async (t) => {
  const watched = new Watched(t, { debounceMs: 60_000, periodMs: 60_000 });
  await watched.intake.start();
  const path = watched.put('intent-a.json');
  await until(() => watched.intake.settling === 1);
  renameSync(path, join(watched.handoff, 'claimed'));
  await until(() => watched.intake.settling === 0);
});

test('a modification time ahead of our clock counts as the first sight', async (t) => {
  const watched = new Watched(t, { watch: false });
  const before = Date.now();
  watched.putOld('intent-a.json', -3_600_000);
  await watched.intake.start();
  await until(() => watched.taken.length > 0);
  const { time = 0 } = watched.taken[0] ?? {};
  assert.ok(time >= before && time <= Date.now(), `${time}`);
});

test('a modification time that is a little ahead of our clock keeps its place in the order', async (t) => {
  const watched = new Watched(t, { watch: false }, false);
  for (const [name, aheadMs] of [
    ['intent-b.json', 60_000],
    ['intent-a.json', 61_000],
  ] as const) {
    watched.putOld(name, -aheadMs);
  }
  await watched.intake.start();
  await until(() => watched.intake.settled === 2);
  watched.take();
  assert.deepEqual(watched.names, ['intent-b.json', 'intent-a.json']);
});

test('late news of a file that a look has found is no news, unless it was rewritten', async (t) => {
  const watched = new Watched(t, {}, false);
  const old = join(watched.handoff, 'elsewhere');
  await watched.intake.start();
  watched.put('elsewhere');
  utimesSync(old, 1000, 1000);
  renameSync(old, join(watched.handoff, 'intent-a.json'));
  await watched.intake.lookAnew();
  assert.equal(watched.intake.settled, 1);
  // News comes in the order of what happened.
  watched.put('intent-b.json');
  await until(() => watched.changed.includes('intent-b.json'));
  assert.equal(watched.intake.settled, 1);
  watched.changed.length = 0;
  watched.put('intent-a.json');
  await until(() => watched.changed.includes('intent-a.json'));
});

test('a clock that is set back makes nothing wait', async (t) => {
  const watched = new Watched(t, { debounceMs: 200 });
  watched.putOld('intent-a.json', -3_600_000);
  await watched.intake.look();
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 1_000_000 });
  await until(() => {
    t.mock.timers.setTime(Date.now() + 10);
    return watched.taken.length > 0;
  });
});

test('names are bytes: what is not UTF-8 or not allowed gets another name', async (t) => {
  const watched = new Watched(t);
  await watched.intake.start();
  const odd = [Buffer.from('intent-\xff\xfe.json', 'latin1'), Buffer.from('intent-\u202e.json')];
  for (const raw of odd) {
    writeFileSync(Buffer.concat([Buffer.from(`${watched.handoff}/`), raw]), 'odd');
  }
  watched.put('intent-ü.json');
  await until(() => watched.taken.length >= 3);
  await watched.looked();
  assert.equal(watched.taken.length, 3);
  const plain = watched.taken.find(({ name }) => name === 'intent-ü.json');
  assert.equal(plain?.path, join(watched.handoff, 'intent-ü.json'));
  const refused = watched.taken.filter(({ refusedName }) => refusedName !== undefined);
  assert.equal(refused.length, 2);
  for (const { name, path } of refused) {
    assert.match(name, /^intent-refused-[0-9a-f]{16}\.json$/);
    assert.equal(fs.readFileSync(path, 'utf8'), 'odd');
  }
  assert.deepEqual(refused.map(({ refusedName }) => refusedName?.escaped).sort(), [
    'intent-\\xe2\\x80\\xae.json',
    'intent-\\xff\\xfe.json',
  ]);
});

test('a directory is reported once, and again where it is a new one', async (t) => {
  const watched = new Watched(t, { periodMs: 10 });
  const names = ['intent-a.json', 'intent-ü.json'];
  for (const name of names) mkdirSync(join(watched.handoff, name));
  await watched.intake.start();
  await until(() => watched.directories.length >= 2);
  await watched.looked();
  assert.deepEqual(watched.directories.sort(), names);
  assert.deepEqual(watched.taken, []);
  rmdirSync(join(watched.handoff, 'intent-ü.json'));
  await watched.looked();
  mkdirSync(join(watched.handoff, 'intent-ü.json'));
  await until(() => watched.directories.length === 3);
});

test('each periodic look is told of, one that reads nothing as well', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const watched = new Watched(t, { periodMs: 10 });
  await watched.intake.start();
  await until(() => watched.awakenings > watched.looks + 3);
});

test('after the end nothing is found any more', async (t) => {
  const watched = new Watched(t, { periodMs: 10 });
  await watched.intake.start();
  watched.intake.stop();
  const { looks } = watched;
  watched.put('intent-a.json');
  await watched.intake.look();
  assert.equal(watched.looks, looks + 1);
  assert.deepEqual(watched.taken, []);
});

test('other times count for what settles already, and for the look that is far away', async (t) => {
  const hour = 3_600_000;
  const watched = new Watched(t, { watch: false, debounceMs: hour, periodMs: hour });
  put(watched.handoff, 'intent-a.json');
  await watched.intake.start();
  assert.equal(watched.intake.settling, 1);
  Object.assign(watched.times, { debounceMs: 10, periodMs: 20 });
  await watched.intake.retime();
  await until(() => watched.taken.length === 1);
  put(watched.handoff, 'intent-b.json');
  await until(() => watched.taken.length === 2);
});

test('without a periodic look what settles keeps its time', async (t) => {
  const watched = new Watched(t, { watch: false, debounceMs: 200 });
  put(watched.handoff, 'intent-a.json');
  await watched.intake.look();
  const { looks } = watched;
  watched.times.debounceMs = 3_600_000;
  await watched.intake.retime();
  assert.equal(watched.looks, looks);
});
