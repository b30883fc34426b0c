import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { settle } from '../../src/spool/estates.ts';
import { Lease } from '../../src/spool/lease.ts';
import { memberName, readLease } from '../../src/spool/lease-content.ts';
import { Members } from '../../src/spool/members.ts';
import { until } from '../tools/until.ts';
import { ended, far, leaseText, putLease } from './lease-support.ts';
import { clockOf, meet, member, newLife, TTL } from './members-support.ts';
import { makeSpool, put } from './support.ts';

test('one whose process is gone is buried at the next look, and its heir is told', (t) => {
  const layout = makeSpool(t, 'a');
  const a = member(t, layout, 'a');
  putLease(layout, 'b', { life: 'gone', ...ended });
  mkdirSync(join(layout.inflightRoot, 'b'));
  assert.equal(a.members.isOurs('gone'), false);
  a.members.look();
  assert.deepEqual(a.events, ['gained']);
  assert.deepEqual(
    a.members.estates.map(({ instance, life, heir }) => ({ instance, life, heir })),
    [{ instance: 'b', life: 'gone', heir: a.lease.life }],
  );
  assert.deepEqual(a.members.living, []);
  assert.deepEqual(a.members.dead, ['b']);
  assert.deepEqual(a.members.elsewhere, ['b']);
  assert.deepEqual(a.members.others, []);
  assert.equal(a.members.alone, false);
  assert.equal(a.members.isOurs('gone'), true);
  assert.equal(a.members.mayClaim, true);
  for (const estate of a.members.estates) settle(estate);
  a.members.look();
  assert.equal(a.members.alone, true);
});

test('from its settling on an estate is nobody’s, and the next of its name is left alone', (t) => {
  const layout = makeSpool(t, 'b');
  const [first, b] = [member(t, layout, 'a'), member(t, layout, 'b')];
  meet(first, b);
  mkdirSync(join(layout.inflightRoot, 'c'));
  putLease(layout, 'c', { life: 'gone', ...ended });
  b.members.look();
  assert.deepEqual(b.members.dead, ['c']);
  for (const estate of b.members.estates) settle(estate);
  putLease(layout, 'c', { life: 'next' });
  // Before the next look.
  assert.deepEqual(b.members.estates, []);
  assert.deepEqual(b.members.dead, []);
  assert.equal(b.members.isLeftToUs('c'), false);
});

test('a dead one is seen to by its heir also where the directory for its claims is gone', (t) => {
  const layout = makeSpool(t, 'b');
  const [first, b] = [member(t, layout, 'a'), member(t, layout, 'b')];
  meet(first, b);
  putLease(layout, 'c', { life: 'gone', ...ended });
  b.members.look();
  assert.deepEqual(b.members.dead, ['c']);
});

test('whether one is gone, and whether it is the writer of a journal, is asked of the disk', (t) => {
  const layout = makeSpool(t, 'a');
  const { members, lease } = member(t, layout, 'a');
  assert.deepEqual([members.isGone('b'), members.isGone('a')], [true, false]);
  putLease(layout, 'b', { life: 'itslife' });
  assert.equal(members.isGone('b'), false);
  const inPlace = (name: string, life: string | null) => members.isInPlace(name, life);
  assert.deepEqual([inPlace('b', 'itslife'), inPlace('b', 'another')], [true, false]);
  assert.deepEqual(
    [inPlace('b', null), inPlace('c', null), inPlace('a', null)],
    [true, false, false],
  );
  assert.equal(inPlace('a', lease.life), true);
  renameSync(join(layout.inflightRoot, 'b.lease'), join(layout.inflightRoot, 'b.itslife.dead.c'));
  assert.deepEqual([members.isGone('b'), inPlace('b', 'itslife')], [false, false]);
});

test('one of another scope is dead when nothing of it has changed for lease_ttl', (t) => {
  const clock = clockOf(t);
  for (const text of [leaseText('b', far), '', '{"version":1', '\0'.repeat(300)]) {
    const layout = makeSpool(t, 'a');
    const a = member(t, layout, 'a');
    put(layout.inflightRoot, 'b.lease', text);
    a.members.look();
    for (let passed = 0; passed < TTL; passed += TTL / 6) {
      assert.deepEqual(a.members.living, ['b'], `after ${passed} ms: ${text}`);
      assert.equal(a.members.mayClaim, false);
      clock.now += TTL / 6;
      a.members.look();
    }
    assert.deepEqual(a.members.living, []);
    assert.deepEqual(
      a.members.estates.map(({ instance }) => instance),
      ['b'],
    );
    assert.equal(a.members.mayClaim, true);
    a.lease.release();
  }
});

test('one of another scope that gives signs of life lives, however seldom', (t) => {
  const clock = clockOf(t);
  const layout = makeSpool(t, 'a');
  const a = member(t, layout, 'a');
  for (let renewals = 0; renewals < 5; renewals++) {
    putLease(layout, 'b', { ...far, renewals });
    for (let passed = 0; passed < TTL; passed += TTL / 6) {
      a.members.look();
      assert.deepEqual(a.members.living, ['b']);
      clock.now += TTL / 6;
    }
  }
});

test('time in which the observer itself was stopped does not count', (t) => {
  const clock = clockOf(t);
  const layout = makeSpool(t, 'a');
  const a = member(t, layout, 'a');
  putLease(layout, 'b', far);
  a.members.look();
  clock.now += 100 * TTL;
  a.members.look();
  assert.deepEqual(a.members.living, ['b']);
  clock.now += 100 * TTL;
  a.members.look();
  assert.deepEqual(a.members.living, ['b']);
  for (let passed = 0; passed < TTL; passed += TTL / 6) {
    clock.now += TTL / 6;
    a.members.look();
  }
  assert.deepEqual(a.members.living, []);
});

test('an estate is settled by its heir alone, and handed on where that one dies', (t) => {
  const layout = makeSpool(t, 'a');
  const all = ['a', 'b', 'c'].map((name) => member(t, layout, name));
  const [a, b, c] = all;
  assert.ok(a && b && c);
  meet(...all);
  mkdirSync(join(layout.inflightRoot, 'd'));
  putLease(layout, 'd', { life: 'gone', ...ended });
  b.members.look();
  meet(a, c);
  const heirs = () => all.filter(({ members }) => members.isOurs('gone'));
  assert.deepEqual(heirs(), [b]);
  assert.deepEqual(b.members.dead, ['d']);
  for (const one of [a, c]) {
    assert.deepEqual(one.members.dead, []);
    assert.equal(one.members.isLeftToUs('d'), false);
    assert.ok(one.members.others.includes('d'), 'its journal is still read as that of another');
    assert.ok(one.members.elsewhere.includes('d'));
  }
  b.lease.abandon();
  c.events.length = 0;
  meet(c, a);
  assert.deepEqual(heirs(), [b, c]);
  assert.deepEqual(c.members.estates.map(({ instance }) => instance).sort(), ['b', 'd']);
  assert.deepEqual(a.members.estates, []);
  assert.equal(c.events[0], 'gained');
});

test('what has neither lease nor estate is left to whoever leads', (t) => {
  const layout = makeSpool(t, 'a');
  const [a, b] = [member(t, layout, 'a'), member(t, layout, 'b')];
  meet(a, b);
  mkdirSync(join(layout.inflightRoot, 'old'));
  assert.deepEqual([a.members.dead, b.members.dead], [['old'], []]);
  assert.deepEqual([a.members.isLeftToUs('old'), b.members.isLeftToUs('old')], [true, false]);
  assert.deepEqual([a.members.isOurs('unheard'), b.members.isOurs('unheard')], [true, false]);
  assert.deepEqual([a.members.isOurs(b.lease.life), a.members.isOurs('')], [false, false]);
  assert.deepEqual([a.members.isLeftToUs('a'), b.members.isLeftToUs('b')], [true, true]);
  // One that has come since the latest look.
  putLease(layout, 'old', { life: 'newlife' });
  assert.equal(a.members.isLeftToUs('old'), false);
  assert.equal(a.members.isOurs('newlife'), false);
});

test('who is on its way to an estate and back is never taken for left to us', async (t) => {
  const layout = makeSpool(t, 'a');
  const { members } = member(t, layout, 'a');
  members.look();
  const lease = putLease(layout, 'b', { life: 'moved', ...far });
  const estate = join(layout.inflightRoot, 'b.moved.dead.heir');
  const [asked, done] = [0, 1];
  const counts = new Int32Array(new SharedArrayBuffer(8));
  // It is moved once there and back for each question, as by one that has declared it dead too soon.
  const mover = new Worker(
    `const { workerData: { lease, estate, counts } } = require('node:worker_threads');
     const { renameSync } = require('node:fs');
     for (let moves = 0; ; Atomics.store(counts, 1, ++moves)) {
       Atomics.wait(counts, 0, moves);
       renameSync(lease, estate);
       renameSync(estate, lease);
     }`,
    { eval: true, workerData: { lease, estate, counts } },
  );
  t.after(() => mover.terminate());
  for (let questions = 1; questions <= 1000; questions++) {
    Atomics.store(counts, asked, questions);
    Atomics.notify(counts, asked);
    while (Atomics.load(counts, done) < questions) {
      assert.equal(members.isLeftToUs('b'), false);
      assert.equal(members.isOurs('moved'), false);
    }
  }
});

test('before it starts an instance gives signs of life, and nobody comes or goes for it', async (t) => {
  const layout = makeSpool(t, 'a');
  const lease = Lease.acquire(layout.inflightRoot, 'a', newLife());
  const events: string[] = [];
  const members = new Members(layout.inflightRoot, lease, 60, {
    lost: () => events.push('lost'),
    changed: () => events.push('changed'),
    looked: () => events.push('looked'),
  });
  t.after(() => members.stop());
  putLease(layout, 'b', far);
  members.look();
  events.length = 0;
  const said = () => readLease(layout.inflightRoot, 'a')?.content;
  const before = said()?.renewals ?? 0;
  members.keepAlive();
  putLease(layout, 'c', { life: 'newcomer' });
  await until(() => (said()?.renewals ?? 0) > before + 10);
  assert.deepEqual(said()?.members, [memberName(lease), 'b/earlier']);
  assert.deepEqual([events, members.living], [[], ['b']]);
  members.start();
  await until(() => said()?.members.includes('c/newcomer'));
  // One that was declared dead writes to nobody's lease.
  members.stop();
  const moved = join(layout.inflightRoot, `a.${lease.life}.dead.heir`);
  renameSync(join(layout.inflightRoot, 'a.lease'), moved);
  const last = readFileSync(moved, 'utf8');
  const { mock } = t.mock.getter(Lease.prototype, 'held');
  members.keepAlive();
  await until(() => mock.callCount() > 2);
  assert.equal(readFileSync(moved, 'utf8'), last);
  lease.abandon();
});

test('looks and signs of life go on by themselves, whatever the disk refuses', async (t) => {
  const layout = makeSpool(t, 'a');
  const lease = Lease.acquire(layout.inflightRoot, 'a', newLife());
  t.after(() => lease.release());
  const events: string[] = [];
  const members = new Members(layout.inflightRoot, lease, 60, {
    lost: () => events.push('lost'),
    changed: () => {},
    looked: () => events.push('looked'),
  });
  const looks = () => events.filter((event) => event === 'looked').length;
  members.start();
  t.after(() => members.stop());
  await until(() => looks() >= 2);
  const away = `${layout.inflightRoot}.away`;
  renameSync(layout.inflightRoot, away);
  writeFileSync(layout.inflightRoot, 'in the way');
  const seen = looks();
  await until(() => !members.mayClaim);
  rmSync(layout.inflightRoot);
  renameSync(away, layout.inflightRoot);
  await until(() => looks() > seen && members.mayClaim);
  assert.ok(!events.includes('lost'));
});
