import assert from 'node:assert/strict';
import { rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { encodeRecord } from '../../src/state/records.ts';
import { intentFor } from '../tools/porch.ts';
import { Fleet, type Member, places, targetOf } from './fleet.ts';

/** So long that what is seen at the next look does not wait for it: that comes in a sixth of it. */
const NEVER = ['-lease-ttl', '45s'];
const SOON = ['-lease-ttl', '3s'];

let drops = 0;

/** Drops an intent that does what the words say. */
function drop(fleet: Fleet, name: string, words: string, target: string): void {
  const content = intentFor(words, { target, correlation_id: `drop-${++drops}` });
  assert.ok(fleet.ledger.drop({ name, content, target }));
}

const starts = (fleet: Fleet) => fleet.spool.porchLog.filter(({ event }) => event === 'start');
const instanceOf = (fleet: Fleet, name: string) => fleet.spool.status(name)?.instance;
const ended = (fleet: Fleet, name: string) => {
  return fleet.spool.until(
    () => fleet.spool.porchLog.some((line) => line.event === 'end' && line.name === name),
    `the end of porch for ${name}`,
  );
};

/** Three that reckon with each other; gives the first. */
async function joinThree(fleet: Fleet): Promise<Member> {
  const first = await fleet.join('a', 0);
  await fleet.join('b', 1);
  await fleet.join('c', 2);
  return first;
}

/** One that sees that its lease is taken over. */
async function losesItsLease(fleet: Fleet, { program, name }: Member): Promise<void> {
  assert.equal(await program.exitCode(), 2, program.stderr);
  assert.equal(program.logged(/^the lease on .* was taken over/).length, 1, name);
  assert.equal(fleet.members.filter((one) => one.program.alive).length > 0, true);
}

describe('several instances on one directory', { concurrency: 3 }, () => {
  for (const [where, place] of Object.entries(places)) {
    test(`${where}: three share the work, and each intent runs once, whoever it comes to`, async () => {
      await using fleet = new Fleet(place, ...SOON);
      await joinThree(fleet);
      const names = Array.from({ length: 30 }, (_, index) => `intent-${index}.json`);
      const contents = new Map(
        names.map((name, index) => [
          name,
          { target: `t${index % 10}`, correlation_id: `drop-${index}` },
        ]),
      );
      const dropAll = async (more: Record<string, unknown>) => {
        for (const [name, fields] of contents) {
          const content = intentFor('', { ...fields, ...more });
          assert.ok(fleet.ledger.drop({ name, content, target: fields.target }));
        }
        await fleet.settled();
      };
      await dropAll({});
      const shares = new Set(names.map((name) => instanceOf(fleet, name)));
      assert.deepEqual([...shares].sort(), ['a', 'b', 'c']);
      const [a] = fleet.members;
      assert.equal(await a?.program.stop(), 0);
      // What was its work comes to others now, who have only read of it.
      await dropAll({});
      assert.equal(starts(fleet).length, names.length);
      await dropAll({ replicas: 9 });
      assert.equal(starts(fleet).length, 2 * names.length);
      await fleet.end();
    });

    test(`${where}: what one was doing when it was killed is taken over`, async () => {
      // On one system its death is seen at the next look, else when its lease is out.
      await using fleet = new Fleet(place, ...(place.apart ? SOON : NEVER));
      const target = targetOf('a', ['a', 'b']);
      const a = await fleet.join('a', 0);
      await fleet.join('b', 1);
      drop(fleet, 'intent-1.json', 'wait-for=go', target);
      await fleet.spool.begun('intent-1.json');
      drop(fleet, 'intent-2.json', '', target);
      await fleet.kill(a);
      await fleet.spool.begun('intent-1.json', 2);
      assert.equal(fleet.spool.runs('intent-2.json'), 0);
      fleet.spool.release('go');
      await fleet.settled();
      assert.equal(instanceOf(fleet, 'intent-1.json'), 'b');
      await fleet.end();
    });

    test(`${where}: one is taken over also where the directory for its claims is gone`, async () => {
      await using fleet = new Fleet(place, ...SOON);
      const target = targetOf('a', ['a', 'b', 'c']);
      const a = await joinThree(fleet);
      void fleet.kill(a);
      rmdirSync(fleet.spool.path('handoff', '.inflight', 'a'));
      drop(fleet, 'intent-1.json', '', target);
      await fleet.settled();
      await fleet.end();
    });

    test(`${where}: a journal without a writer, a lease or an estate keeps nobody waiting`, async () => {
      await using fleet = new Fleet(place, ...NEVER);
      const target = targetOf('a', ['a', 'b', 'c']);
      const a = await joinThree(fleet);
      // As one leaves it that was stopped in the midst of beginning it, and died after it woke.
      await fleet.kill(a);
      for (const name of ['a.lease', 'a']) {
        rmSync(fleet.spool.path('handoff', '.inflight', name), { force: true, recursive: true });
      }
      drop(fleet, 'intent-1.json', '', target);
      await fleet.settled();
      await fleet.end();
    });

    test(`${where}: a journal that a dead one begins when it wakes keeps nobody waiting`, async () => {
      await using fleet = new Fleet(place, ...SOON);
      const target = targetOf('a', ['a', 'b', 'c']);
      const a = await joinThree(fleet);
      await fleet.kill(a);
      drop(fleet, 'intent-1.json', '', target);
      await fleet.settled();
      // All follow its journals as long as its earlier segments are kept.
      const header = { version: 1, instance: 'a', segment: 9, life: a.life, created: '' };
      const journal = fleet.spool.path('handoff', '.conductor-state.a.journal');
      writeFileSync(journal, encodeRecord({ t: 'segment', ...header }));
      drop(fleet, 'intent-2.json', '', target);
      await fleet.settled();
      await fleet.end();
    });

    test(`${where}: who was stopped past its lease wakes and does nothing more`, async () => {
      await using fleet = new Fleet(place, ...SOON);
      const target = targetOf('a', ['a', 'b']);
      const a = await fleet.join('a', 0);
      const b = await fleet.join('b', 1);
      drop(fleet, 'intent-1.json', 'wait-for=go', target);
      await fleet.spool.begun('intent-1.json');
      drop(fleet, 'intent-2.json', '', target);
      fleet.suspend(a);
      // Its result waits for it.
      fleet.spool.release('go');
      await ended(fleet, 'intent-1.json');
      await fleet.settled();
      assert.equal(instanceOf(fleet, 'intent-1.json'), 'b');
      assert.equal(b.program.logged(/^took over what a had left/).length, 1);
      assert.equal(fleet.spool.runs('intent-1.json'), 2);
      a.program.signal('SIGCONT');
      await losesItsLease(fleet, a);
      await fleet.end();
    });

    test(`${where}: a target changes hands when its running intent is filed`, async () => {
      await using fleet = new Fleet(place, ...SOON);
      const target = targetOf('b', ['a', 'b']);
      await fleet.join('a', 0);
      drop(fleet, 'intent-1.json', 'wait-for=go', target);
      await fleet.spool.begun('intent-1.json');
      await fleet.join('b', 1);
      drop(fleet, 'intent-2.json', '', target);
      drop(fleet, 'intent-3.json', '', target);
      await worksWith(fleet, 'b');
      assert.equal(fleet.spool.runs('intent-2.json'), 0);
      fleet.spool.release('go');
      await fleet.settled();
      const by = [1, 2, 3].map((number) => instanceOf(fleet, `intent-${number}.json`));
      assert.deepEqual(by, ['a', 'b', 'b']);
      await fleet.end();
    });

    test(`${where}: what a stopping one gives back runs before what was dropped later`, async () => {
      await using fleet = new Fleet(place, ...SOON);
      const target = targetOf('a', ['a', 'b']);
      const a = await fleet.join('a', 0, '-shutdown-grace', '1s');
      await fleet.join('b', 1);
      drop(fleet, 'intent-1.json', 'wait-for=go', target);
      await fleet.spool.begun('intent-1.json');
      for (const number of [2, 3]) drop(fleet, `intent-${number}.json`, '', target);
      a.excused = true;
      assert.equal(await a.program.stop(), 0, a.program.stderr);
      await fleet.spool.begun('intent-1.json', 2);
      assert.equal(fleet.spool.runs('intent-2.json'), 0);
      fleet.spool.release('go');
      await fleet.settled();
      await fleet.end();
    });
  }

  test('who reads its state for longer than lease_ttl is not taken for dead', async () => {
    const place = { apart: true, clocksApartMs: 0 };
    await using fleet = new Fleet(place, ...SOON);
    await fleet.join('a', 0);
    fleet.env = { STATE_AFTER_MS: '9000' };
    const b = await fleet.join('b', 1);
    await worksWith(fleet, 'b');
    assert.ok(b.program.alive);
    await fleet.end();
  });

  test('after a kill the next start has its name and its claims back at once', async () => {
    const [place] = Object.values(places);
    assert.ok(place);
    await using fleet = new Fleet(place, ...NEVER);
    const target = targetOf('a', ['a', 'b']);
    const a = await fleet.join('a', 0);
    await fleet.join('b', 1);
    drop(fleet, 'intent-1.json', 'wait-for=go', target);
    await fleet.spool.begun('intent-1.json');
    await fleet.kill(a);
    const again = await fleet.join('a', 0);
    fleet.spool.release('go');
    await fleet.settled();
    // Where the other had looked meanwhile, that one is its heir, and was quicker.
    const finished = again.program.logged(/^finished what was interrupted: 0 .* 1 begun again/);
    const heirs = fleet.members.flatMap(({ program }) =>
      program.logged(/^took over what a had left/),
    );
    assert.equal(finished.length + heirs.length, 1);
    assert.equal(again.program.log.at(-1)?.instance, 'a');
    await fleet.end();
  });
});

/** Waits until an instance does its part. */
async function worksWith(fleet: Fleet, name: string): Promise<void> {
  const living = fleet.members.filter(({ program }) => program.alive).map((one) => one.name);
  const own = targetOf(name, living, 'other');
  drop(fleet, 'intent-other.json', '', own);
  await fleet.spool.filed('intent-other.json');
  assert.equal(instanceOf(fleet, 'intent-other.json'), name);
}
