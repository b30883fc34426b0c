import { join } from 'node:path';
import type { Hold } from '../queue/hold.ts';
import {
  claim,
  claimsOf,
  exists,
  giveBack,
  identityIfThere,
  sameIdentity,
  takeOverClaims,
} from '../spool/claim.ts';
import { type Estate, settle } from '../spool/estates.ts';
import { removeTemporaries } from '../spool/finish.ts';
import type { Layout } from '../spool/layout.ts';
import type { Members } from '../spool/members.ts';
import { lifeOf, type OutcomeRecord, type StartRecord } from '../state/records.ts';
import type { Store } from '../state/store.ts';
import type { Filing } from './filing.ts';
import type { Pipeline } from './pipeline.ts';
import { withDestination } from './report.ts';
import type { Strays } from './strays.ts';

export type RecoveryParts = {
  layout: Layout;
  store: Store;
  hold: Hold;
  filing: Filing;
  pipeline: Pipeline;
  strays: Strays;
  members: Members;
};

/** What those that did not end by themselves had left to do. */
export type Recovered = {
  /** Recorded intents that were only filed. */
  filed: number;
  /** Claimed intents without a record, which run (again), here or with whom their target belongs to. */
  resumed: number;
};

/**
 * Finishes what dead instances have left to us. What is on record is only filed; what was claimed and
 * has no record runs again, after everything that the dead one's porch left running was ended.
 * `claimed`: what lies in our own directory from an earlier life.
 */
export async function recover(
  parts: RecoveryParts,
  claimed = new Set<string>(),
): Promise<Recovered> {
  const { store, hold, members, layout } = parts;
  await hold.guard('disk', 'read what others recorded', () => store.catchUp());
  endStrays(parts);
  const estates = await gather(parts, claimed);
  let filed = 0;
  for (const [name, { start, outcome }] of [...store.unfinished]) {
    const itself = outcome && claimed.has(name) && (await isRecorded(parts, outcome));
    if (outcome && (itself || members.isOurs(lifeOf(outcome.seq)))) {
      if (itself) claimed.delete(name);
      if (await finish(parts, outcome, itself === true)) filed++;
    } else if (start && !outcome && members.isOurs(lifeOf(start.run))) {
      countDeath(store, start, claimed.has(name) || exists(join(layout.handoff, name)));
    }
  }
  // Whoever takes up one of them reads what we know of it in our journal.
  if (claimed.size > 0) await store.flush();
  for (const name of claimed) await beginAgain(parts, name);
  for (const estate of estates) {
    await hold.guard('disk', `settle what ${estate.instance} has left`, async () => {
      if (claimsOf(layout, estate.instance).length > 0) return;
      removeTemporaries(layout, estate.life);
      await store.removeTemporary(estate.life);
      settle(estate);
    });
  }
  return { filed, resumed: claimed.size };
}

/**
 * Brings what the dead had claimed under our name, and gives the estates that it was about. While an
 * estate of ours is there nobody takes its name; with all others it is looked again before each step.
 */
export async function gather(
  parts: Pick<RecoveryParts, 'store' | 'hold' | 'members' | 'layout'>,
  claimed: Set<string>,
): Promise<readonly Estate[]> {
  const { store, hold, members, layout } = parts;
  const { dead, estates } = members;
  const left = (instance: string) => members.isLeftToUs(instance);
  for (const instance of dead) {
    if (left(instance)) await store.fence(instance);
    const taken = await hold.guard('disk', `take over what ${instance} had claimed`, () => {
      return left(instance) ? takeOverClaims(layout, instance) : [];
    });
    for (const name of taken) claimed.add(name);
  }
  for (const instance of abandoned(parts)) await store.fence(instance);
  // A dead heir may have had in hand what others had recorded before, up to this moment.
  await hold.guard('disk', 'read what others recorded', () => store.catchUp());
  return estates;
}

/**
 * Instances that are gone and settled, and have a journal without an end all the same: they were
 * stopped in the midst of beginning it, and woke. Whoever meets it ends it: nobody claims before.
 */
export function abandoned({ store, members }: Pick<RecoveryParts, 'store' | 'members'>): string[] {
  return store.unfenced.filter((instance) => members.isGone(instance));
}

function endStrays({ strays, store, members }: RecoveryParts): void {
  const lives = new Set(members.estates.map(({ life }) => life));
  for (const { start } of store.unfinished.values()) {
    if (start && start.run !== '' && members.isOurs(lifeOf(start.run)))
      lives.add(lifeOf(start.run));
  }
  lives.delete('');
  strays.sweepLives(lives);
}

/** Alone we go on with it; else it goes back, and whoever owns its target takes it. */
async function beginAgain({ layout, hold, members, pipeline }: RecoveryParts, name: string) {
  const isBack = await hold.guard('disk', `give ${name} back`, () => {
    return !members.alone && giveBack(layout, name) === 'moved';
  });
  if (!isBack) await pipeline.resume(name);
}

/**
 * Whether the claimed file is the one on record, and not a newer one of its name: of an older one the
 * note that it was filed may be lost. It may have been rewritten in its place, or put back by a backup.
 */
async function isRecorded({ layout, hold }: RecoveryParts, { name, id }: OutcomeRecord) {
  const claimed = join(layout.inflight, name);
  const found = await hold.guard('disk', `look at ${name}`, () => identityIfThere(claimed));
  if (id === null || found === null) return true;
  return found.ino === id.ino || sameIdentity({ ...found, ino: id.ino }, id);
}

/**
 * Brings a recorded intent to its place, wherever the crash has left it; false where another instance
 * has it in hand, and brings it there.
 */
async function finish(
  { layout, filing, store, hold, members }: RecoveryParts,
  record: OutcomeRecord,
  claimed: boolean,
): Promise<boolean> {
  // Its destination may have changed after it was recorded.
  record.status = withDestination(record.status, record.to);
  if (!claimed) {
    const dropped = join(layout.handoff, record.name);
    const place = await hold.guard('disk', `look for ${record.name}`, () => {
      if (exists(join(layout.handoff, record.to))) return 'filed';
      if (members.isClaimedElsewhere(record.name)) return 'elsewhere';
      const same = record.id !== null && sameIdentity(record.id, identityIfThere(dropped));
      return same ? 'handoff' : 'filed';
    });
    if (place === 'elsewhere') return false;
    if (place === 'filed') {
      store.filed(record);
      return true;
    }
    await hold.guard('disk', `claim ${record.name}`, () => claim(layout, dropped, record.name));
  }
  await filing.place(record);
  return true;
}

/** The program died while this intent ran, unless it had been given back. */
function countDeath(store: Store, start: StartRecord, stillThere: boolean): void {
  const deaths = start.deaths + (start.run === '' ? 0 : 1);
  const { name, sha, id, attempt } = start;
  if (stillThere) store.started({ name, sha, id, run: '', attempt, deaths });
  else store.started({ name, sha, id, run: '', attempt: 0, deaths: 0 });
}
