import type { TestContext } from 'node:test';
import type { Layout } from '../../src/spool/layout.ts';
import { Lease } from '../../src/spool/lease.ts';
import { Members } from '../../src/spool/members.ts';

export const TTL = 900;

/** Time passes as the test says. */
export function clockOf(t: TestContext) {
  const clock = { now: 1_000_000 };
  t.mock.method(performance, 'now', () => clock.now);
  return clock;
}

/** A life that is over in this process is over for all tests. */
let lives = 0;

export const newLife = (): string => `life${++lives}`;

export type Member = { lease: Lease; members: Members; events: string[] };

/** An instance that looks when the test says so, and what it was told. */
export function member(t: TestContext, { inflightRoot }: Layout, instance: string): Member {
  const lease = Lease.acquire(inflightRoot, instance, newLife());
  t.after(() => lease.held && lease.release());
  const events: string[] = [];
  const members = new Members(inflightRoot, lease, TTL, {
    lost: () => events.push('lost'),
    changed: (gained) => events.push(gained ? 'gained' : 'changed'),
    looked: () => events.push('looked'),
  });
  return { lease, members, events };
}

/** Everybody looks so often that all know of all. */
export function meet(...all: Member[]): void {
  for (let round = 0; round < 3; round++) for (const { members } of all) members.look();
}

export const targets = Array.from({ length: 3000 }, (_, index) => `default/target-${index}`);

/** The targets that each owns. */
export const owned = (all: Member[]) =>
  all.map(({ members }) => targets.filter((one) => members.owns(one)));
