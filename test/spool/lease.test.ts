import assert from 'node:assert/strict';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Layout } from '../../src/spool/layout.ts';
import { Lease } from '../../src/spool/lease.ts';
import { readLease, readLeases } from '../../src/spool/lease-content.ts';
import { until } from '../tools/until.ts';
import { ended, far, leaseText, putLease, Racer, race } from './lease-support.ts';
import { makeSpool, put } from './support.ts';

function acquire(t: TestContext, { inflightRoot }: Layout, life: string, instance = 'here'): Lease {
  const lease = Lease.acquire(inflightRoot, instance, life);
  t.after(() => lease.held && lease.release());
  return lease;
}

const listed = (layout: Layout) => readdirSync(layout.inflightRoot).sort();

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => (index === 0 ? 'here' : `here-${index + 1}`));

test('of several that come in the same instant each gets a name of its own', async (t) => {
  const layouts = Array.from({ length: 20 }, () => makeSpool(t));
  const rounds = await race(layouts, 4);
  for (const [round, racers] of rounds.entries()) {
    assert.deepEqual(racers.map(({ instance }) => instance).sort(), numbered(4));
    const leases = readLeases(layouts[round]?.inflightRoot ?? '');
    assert.deepEqual(leases.map(({ content }) => content?.instance).sort(), numbered(4));
  }
});

test('of several that find a dead one exactly one is its heir, and all get names', async (t) => {
  const layouts = Array.from({ length: 20 }, () => makeSpool(t));
  for (const layout of layouts) putLease(layout, 'here', ended);
  for (const racers of await race(layouts, 4)) {
    const said = JSON.stringify(racers);
    assert.equal(new Set(racers.map(({ instance }) => instance)).size, 4, said);
    // Whose own lease was moved by mistake, and is another's estate now, is nobody's heir any more.
    const lost = racers.flatMap(({ heirOf }) => heirOf);
    const heirs = racers.filter(({ life, heirOf }) => {
      return heirOf.includes('earlier') && !lost.includes(life);
    });
    assert.equal(heirs.length, 1, said);
    // Only the heir itself may work under that name before everything is settled.
    const named = racers.find(({ instance }) => instance === 'here');
    assert.ok(named === undefined || named === heirs[0], said);
  }
});

test('the name of a process that was killed is free at once', async (t) => {
  const layout = makeSpool(t);
  put(layout.inflightRoot, 'start');
  const racer = new Racer('here', 'killed', [layout.inflightRoot]);
  await until(() => racer.named.length > 0);
  assert.equal(acquire(t, layout, 'second').instance, 'here-2');
  await racer[Symbol.asyncDispose]();
  assert.equal(acquire(t, layout, 'mine').instance, 'here');
  assert.deepEqual(listed(layout), [
    'here',
    'here-2.lease',
    'here.killed.dead.mine',
    'here.lease',
    'start',
  ]);
});

test('a name whose owner cannot be seen from here is taken', (t) => {
  for (const text of [leaseText('here', far), '', '{"version":1', '\0'.repeat(200)]) {
    const layout = makeSpool(t);
    const path = join(layout.inflightRoot, 'here.lease');
    writeFileSync(path, text);
    assert.equal(acquire(t, layout, 'mine').instance, 'here-2');
    assert.equal(readFileSync(path, 'utf8'), text);
  }
});

test('a name whose estate another one settles is not to be had', (t) => {
  const layout = makeSpool(t);
  const heir = acquire(t, layout, 'heir', 'other');
  const estate = join(layout.inflightRoot, 'here.earlier.dead.heir');
  writeFileSync(estate, leaseText('here', ended));
  assert.equal(acquire(t, layout, 'mine').instance, 'here-2');
  assert.ok(existsSync(estate));
  // Where the heir has gone without settling it, whoever takes the name settles it too.
  heir.release();
  assert.equal(acquire(t, layout, 'next').instance, 'here');
  assert.ok(existsSync(join(layout.inflightRoot, 'here.earlier.dead.next')));
});

test('within one process a life that is over has ended, and another has not', (t) => {
  const layout = makeSpool(t);
  const first = acquire(t, layout, 'first');
  assert.equal(acquire(t, layout, 'second').instance, 'here-2');
  first.abandon();
  assert.equal(acquire(t, layout, 'third').instance, 'here');
  assert.ok(listed(layout).includes('here.first.dead.third'));
});

test('what is given back is gone; what is another’s by now is left alone', (t) => {
  const layout = makeSpool(t);
  acquire(t, layout, 'first').release();
  assert.deepEqual(listed(layout), ['here']);
  const lease = acquire(t, layout, 'second');
  const path = join(layout.inflightRoot, 'here.lease');
  assert.equal(lease.held, true);
  renameSync(path, join(layout.inflightRoot, 'here.second.dead.heir'));
  assert.equal(lease.held, false);
  const theirs = putLease(layout, 'here', far);
  assert.equal(lease.held, false);
  lease.release();
  assert.equal(readFileSync(theirs, 'utf8'), leaseText('here', far));
});

test('a lease that was moved away and back is held again', (t) => {
  const layout = makeSpool(t);
  const lease = acquire(t, layout, 'mine');
  const path = join(layout.inflightRoot, 'here.lease');
  renameSync(path, `${path}.away`);
  assert.equal(lease.held, false);
  renameSync(`${path}.away`, path);
  assert.equal(lease.held, true);
  // The same text in another file is not ours.
  const text = readFileSync(path);
  rmSync(path);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  assert.equal(lease.held, false);
});

test('a renewal changes the text, in place, and whatever its length all of it can be read', (t) => {
  const layout = makeSpool(t);
  const lease = acquire(t, layout, 'mine');
  const path = join(layout.inflightRoot, 'here.lease');
  const { ino } = statSync(path);
  const many = Array.from({ length: 20 }, (_, index) => `pöd-${index}/${'a'.repeat(index)}`);
  const seen = new Set<string>();
  let size = 0;
  for (const members of [['a/1'], many, [], ['b/2'], many.slice(7), many, ['a/1']]) {
    lease.renew(members);
    const found = readLease(layout.inflightRoot, 'here');
    assert.deepEqual(found?.content?.members, members);
    assert.equal(found?.content?.life, 'mine');
    assert.ok(!seen.has(found.text), 'a sign of life that changes nothing');
    seen.add(found.text);
    const now = statSync(path);
    assert.equal(now.ino, ino);
    assert.ok(now.size >= size, 'shorter than before');
    size = now.size;
    assert.ok(found.text.endsWith('\n'));
  }
  // It grows with what it has to say and not with the number of renewals.
  for (let count = 0; count < 20; count++) lease.renew(['a/1']);
  assert.ok(statSync(path).size <= size + 2);
  assert.ok(lease.ageMs >= 0 && lease.ageMs < 60_000);
});
