import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../tools/until.ts';
import { clockOf, meet, member, owned, TTL, targets } from './members-support.ts';
import { makeSpool, put } from './support.ts';

test('one that is alone claims at once, and owns and leads everything', (t) => {
  const alone = member(t, makeSpool(t, 'a'), 'a');
  assert.equal(alone.members.mayClaim, false);
  alone.members.look();
  assert.equal(alone.members.mayClaim, true);
  assert.equal(alone.members.alone, true);
  assert.equal(alone.members.leads, true);
  assert.deepEqual(owned([alone]), [targets]);
  assert.deepEqual(alone.events, ['gained']);
  alone.members.look();
  assert.deepEqual(alone.events, ['gained']);
});

const skip = process.platform !== 'linux' && 'directory times are relied on only on Linux';

test('one that is alone looks around again when somebody has come, or gone', { skip }, (t) => {
  const layout = makeSpool(t, 'a');
  const alone = member(t, layout, 'a');
  const looks = () => {
    alone.members.look();
    return alone.members.still;
  };
  assert.equal(looks(), false);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  assert.deepEqual([looks(), looks(), looks()], [false, true, true]);
  const before = readFileSync(join(layout.inflightRoot, 'a.lease'), 'utf8');
  assert.equal(looks(), true);
  assert.notEqual(readFileSync(join(layout.inflightRoot, 'a.lease'), 'utf8'), before, 'renewed');
  const other = member(t, layout, 'b');
  assert.equal(looks(), false);
  assert.deepEqual(alone.members.living, ['b']);
  // With another one it is never still.
  assert.equal(looks(), false);
  meet(alone, other);
  other.lease.release();
  assert.equal(looks(), false);
  assert.equal(alone.members.alone, true);
  assert.equal(looks(), true);
  renameSync(join(layout.inflightRoot, 'a.lease'), join(layout.inflightRoot, 'x'));
  looks();
  assert.equal(alone.events.at(-1), 'lost');
});

test('where a directory of a dead one lies, what comes into it is looked for', { skip }, (t) => {
  const layout = makeSpool(t, 'a');
  mkdirSync(join(layout.inflightRoot, 'gone'));
  const alone = member(t, layout, 'a');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  for (let turn = 0; turn < 3; turn++) alone.members.look();
  assert.equal(alone.members.still, false);
});

test('a newcomer claims nothing until everybody reckons with it; the others go on', (t) => {
  const layout = makeSpool(t, 'a');
  const [a, b] = [member(t, layout, 'a'), member(t, layout, 'b')];
  meet(a, b);
  const c = member(t, layout, 'c');
  c.members.look();
  assert.equal(c.members.mayClaim, false);
  a.members.look();
  c.members.look();
  assert.equal(c.members.mayClaim, false, 'b does not name it yet');
  assert.ok(a.members.mayClaim && b.members.mayClaim);
  b.members.look();
  assert.equal(c.members.mayClaim, false, 'it has not seen that yet');
  c.events.length = 0;
  c.members.look();
  assert.equal(c.members.mayClaim, true);
  assert.deepEqual(c.events, ['gained']);
  assert.equal(a.events.at(-1), 'changed');
  assert.deepEqual(c.members.living, ['a', 'b']);
});

test('each target has exactly one owner, the shares are even, and only a newcomer gains', (t) => {
  const layout = makeSpool(t, 'a');
  const three = ['a', 'b', 'pod-1234'].map((name) => member(t, layout, name));
  meet(...three);
  const before = owned(three);
  assert.deepEqual(before.flat().sort(), [...targets].sort());
  const fourth = member(t, layout, 'pod-1235');
  const all = [...three, fourth];
  meet(...all);
  const after = owned(all);
  assert.deepEqual(after.flat().sort(), [...targets].sort());
  for (const share of after) assert.ok(Math.abs(share.length - 750) < 120, `${share.length}`);
  for (const [index, share] of before.entries()) {
    const kept = new Set(share);
    assert.ok(
      after[index]?.every((one) => kept.has(one)),
      'a target moved to one that was there',
    );
  }
  // Where one leaves, the others gain what it had and nothing else changes.
  fourth.lease.release();
  meet(...three);
  assert.deepEqual(owned(three), before);
  assert.ok(three.every(({ events }) => events.includes('gained')));
});

test('two that know of each other never own the same, whomever else they know of', (t) => {
  const layout = makeSpool(t, 'a');
  const [a, b] = [member(t, layout, 'a'), member(t, layout, 'b')];
  meet(a, b);
  const c = member(t, layout, 'c');
  // Only a has seen it.
  a.members.look();
  const [ofA, ofB] = owned([a, b]).map((share) => new Set(share));
  assert.deepEqual(
    targets.filter((one) => ofA?.has(one) && ofB?.has(one)),
    [],
  );
  assert.equal(c.members.mayClaim, false);
});

test('the first by name leads, and nobody else', (t) => {
  const layout = makeSpool(t, 'a');
  const all = ['pod-b', 'pod-a', 'pod-c'].map((name) => member(t, layout, name));
  meet(...all);
  assert.deepEqual(
    all.map(({ members }) => members.leads),
    [false, true, false],
  );
  all[1]?.lease.release();
  meet(...all.filter((_, index) => index !== 1));
  assert.deepEqual(
    all.map(({ members }) => members.leads),
    [true, true, false],
  );
});

test('who has given no sign of life for a third of lease_ttl claims nothing', (t) => {
  const clock = clockOf(t);
  const { members } = member(t, makeSpool(t, 'a'), 'a');
  members.look();
  clock.now += TTL / 3 - 1;
  assert.equal(members.mayClaim, true);
  clock.now += 1;
  assert.equal(members.mayClaim, false);
  members.look();
  assert.equal(members.mayClaim, true);
});

test('where the program is awake a look that is due soon comes at once, and the next one later', (t) => {
  const clock = clockOf(t);
  const { members, events } = member(t, makeSpool(t, 'a'), 'a');
  const everyMs = TTL / 6;
  const looks = () => events.filter((event) => event === 'looked').length;
  members.awake();
  assert.equal(looks(), 0, 'has not begun');
  members.start();
  t.after(() => members.stop());
  clock.now += everyMs * 0.4;
  members.awake();
  assert.equal(looks(), 0, 'not due soon');
  clock.now += everyMs * 0.2;
  members.awake();
  members.awake();
  assert.equal(looks(), 1);
  clock.now += everyMs * 0.6;
  members.stop();
  members.awake();
  assert.equal(looks(), 1, 'has ended');
});

test('signs of life come by themselves where nothing else wakes the program', async (t) => {
  const { members, events } = member(t, makeSpool(t, 'a'), 'a');
  members.start();
  t.after(() => members.stop());
  await until(() => events.filter((event) => event === 'looked').length >= 3);
});

test('who cannot look claims nothing', (t) => {
  const layout = makeSpool(t, 'a');
  const { members } = member(t, layout, 'a');
  members.look();
  renameSync(layout.inflightRoot, `${layout.inflightRoot}.away`);
  put(layout.handoff, '.inflight', 'in the way');
  assert.throws(() => members.look(), { code: 'ENOTDIR' });
  assert.equal(members.mayClaim, false);
  rmSync(layout.inflightRoot);
  renameSync(`${layout.inflightRoot}.away`, layout.inflightRoot);
  members.look();
  assert.equal(members.mayClaim, true);
});

test('a lease that was moved away is noticed, and nothing is claimed any more', (t) => {
  const layout = makeSpool(t, 'a');
  const { members, events } = member(t, layout, 'a');
  members.look();
  const [lease, estate] = ['a.lease', 'a.a1.dead.heir'].map((name) =>
    join(layout.inflightRoot, name),
  );
  renameSync(`${lease}`, `${estate}`);
  const text = readFileSync(`${estate}`, 'utf8');
  members.look();
  assert.deepEqual(events, ['gained', 'lost']);
  assert.equal(members.mayClaim, false);
  assert.equal(readFileSync(`${estate}`, 'utf8'), text, 'a dead one gives no signs of life');
});
