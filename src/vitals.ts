/** What is checked of the running program, for the health port. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { formatDuration } from './config/units.ts';
import { type Facts, gatherFacts } from './facts.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Parts, Phase } from './parts.ts';
import { errnoOf } from './platform/index.ts';
import type { HoldCause } from './queue/hold.ts';
import { Check } from './server/check.ts';
import type { Checks } from './server/health.ts';

/** A thread that was not scheduled for a while on a busy system is no reason for a restart. */
const WORKERS_PATIENCE_MS = 10_000;

const mainLoop = new Check('main_loop', async () => {
  const begun = performance.now();
  await turn();
  return `turned in ${Math.round((performance.now() - begun) * 100) / 100} ms`;
});

/** While there is nothing to check yet: the state is read, or another directory taken over. */
export const vitalsBefore: Checks = {
  live: [mainLoop],
  started: [new Check('startup', () => fail('starting'))],
  ready: [new Check('lifecycle', () => fail('starting'))],
};

export function vitalsOf(lifecycle: Lifecycle): Checks {
  const { parts } = lifecycle;
  const { handoff } = parts.settings;
  const facts = () => gatherFacts(parts, lifecycle.phase);
  return {
    live: [mainLoop, new Check('workers', () => workersAnswer(parts), WORKERS_PATIENCE_MS)],
    started: [
      new Check('startup', () => {
        if (!lifecycle.started) fail('the first scan is not complete');
        return 'the first scan is complete';
      }),
    ],
    ready: [
      new Check('lifecycle', () => running(lifecycle.phase)),
      new Check('handoff', () => usable(handoff, 'the handoff directory')),
      new Check('porch', () => porchRuns(parts, facts())),
      new Check('state', () => stateTakesRecords(parts, facts())),
      new Check('queue', () => queueHasRoom(facts())),
    ],
  };
}

async function workersAnswer({ pool }: Parts): Promise<string> {
  await pool.ping();
  return `they answer; ${pool.runners.busy} run porch`;
}

function running(phase: Phase): string {
  return phase === 'running' ? phase : fail(phase);
}

async function usable(path: string, what: string): Promise<string> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return `${what} can be read and written`;
  } catch (error) {
    return fail(`${what} cannot be read and written (${errnoOf(error)})`);
  }
}

async function porchRuns({ porch, settings }: Parts, facts: Facts): Promise<string> {
  notHeld(facts, 'porch');
  if (porch === 'builtin') return usable(settings.out, 'the output of the embedded porch');
  try {
    await access(porch, constants.X_OK);
    return (await stat(porch)).isFile() ? 'porch can be run' : fail('porch is not a file');
  } catch (error) {
    return fail(`porch cannot be run (${errnoOf(error)})`);
  }
}

/** Writes what the journal still lacks, which is what a record would wait for. */
async function stateTakesRecords({ store, lease, settings }: Parts, facts: Facts) {
  notHeld(facts, 'disk');
  // Later than this nothing is claimed, since others may soon take us for dead.
  if (facts.leaseAgeMs > settings.leaseTtlMs / 3) {
    return fail(`the lease was not renewed for ${formatDuration(facts.leaseAgeMs)}`);
  }
  if (facts.phase === 'running') await store.flush();
  return `the journal is written, the lease of ${lease.instance} was renewed`;
}

function queueHasRoom({ queue }: Facts): string {
  const { queued, unread, limit } = queue;
  const message = `${queued} of ${limit} read and waiting, ${unread} not read yet`;
  return queued < limit ? message : fail(message);
}

function notHeld({ held }: Facts, by: HoldCause): void {
  const found = held.find(({ cause }) => cause === by);
  if (found) fail(`the queue is held for ${formatDuration(found.heldMs)}: could not ${found.what}`);
}

function fail(message: string): never {
  throw new Error(message);
}
