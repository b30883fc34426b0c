import { join } from 'node:path';
import type { Hold } from '../queue/hold.ts';
import { claim, exists, identityIfThere, sameIdentity, takeOverClaims } from '../spool/claim.ts';
import type { Layout } from '../spool/layout.ts';
import type { OutcomeRecord, StartRecord } from '../state/records.ts';
import type { Store } from '../state/store.ts';
import type { Filing } from './filing.ts';
import type { Pipeline } from './pipeline.ts';
import { withDestination } from './report.ts';
import { lifeOf, type Strays } from './strays.ts';

export type RecoveryParts = {
  layout: Layout;
  store: Store;
  hold: Hold;
  filing: Filing;
  pipeline: Pipeline;
  strays: Strays;
  /** Lives of the program whose leases were found dead. */
  predecessors: readonly string[];
};

/** What a predecessor that did not end by itself had left to do. */
export type Recovered = {
  /** Recorded intents that were only filed. */
  filed: number;
  /** Claimed intents without a record, which run (again). */
  resumed: number;
};

/**
 * Finishes what a crash interrupted. What is on record is only filed; what was claimed and has no
 * record runs again, after everything that the dead program's porch left running was ended.
 */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  const { layout, store, hold, pipeline } = parts;
  endStrays(parts);
  const claimed = new Set(
    await hold.guard('disk', 'take over what was claimed', () => takeOverClaims(layout)),
  );
  let filed = 0;
  for (const [name, { start, outcome }] of [...store.unfinished]) {
    if (outcome) {
      await finish(parts, outcome, claimed.delete(name));
      filed++;
    } else if (start) {
      countDeath(store, start, claimed.has(name) || exists(join(layout.handoff, name)));
    }
  }
  for (const name of claimed) await pipeline.resume(name);
  return { filed, resumed: claimed.size };
}

function endStrays({ strays, store, predecessors }: RecoveryParts): void {
  const lives = new Set(predecessors);
  for (const { start } of store.unfinished.values()) {
    if (start && start.run !== '') lives.add(lifeOf(start.run));
  }
  strays.sweepLives(lives);
}

/** Brings a recorded intent to its place, wherever the crash has left it. */
async function finish(
  { layout, filing, store, hold }: RecoveryParts,
  record: OutcomeRecord,
  claimed: boolean,
): Promise<void> {
  // Its destination may have changed after it was recorded.
  record.status = withDestination(record.status, record.to);
  if (claimed) return filing.place(record);
  const dropped = join(layout.handoff, record.name);
  const again = await hold.guard('disk', `look for ${record.name}`, () => {
    if (exists(join(layout.handoff, record.to))) return false;
    return record.id !== null && sameIdentity(record.id, identityIfThere(dropped));
  });
  if (!again) return store.filed(record.seq);
  await hold.guard('disk', `claim ${record.name}`, () => claim(layout, dropped, record.name));
  return filing.place(record);
}

/** The program died while this intent ran, unless it had been given back. */
function countDeath(store: Store, start: StartRecord, stillThere: boolean): void {
  const deaths = start.deaths + (start.run === '' ? 0 : 1);
  const { name, sha, id, attempt } = start;
  if (stillThere) store.started({ name, sha, id, run: '', attempt, deaths });
  else store.started({ name, sha, id, run: '', attempt: 0, deaths: 0 });
}
