import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, patiently, processScope, renameNoReplace } from '../platform/index.ts';
import { exists } from './claim.ts';
import {
  type FoundLease,
  hasEnded,
  type LeaseContent,
  parseLease,
  readLeases,
} from './lease-content.ts';

/**
 * What a dead instance has left: its lease, moved away under a name that says whose turn it is to
 * settle it. A file is renamed once only, so that an estate has one heir; where that one dies too,
 * the next one renames it again.
 */
export type Estate = {
  path: string;
  /** Whose it was; the life is empty where its lease could not be read. */
  instance: string;
  life: string;
  /** The life that settles it. */
  heir: string;
};

/** A lease that was moved by mistake has its place back after this many tries. */
const PUT_BACK_TRIES = 20;
const PUT_BACK_PAUSE_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** `INSTANCE.LIFE.dead.HEIR` */
const ESTATE = /^(.+)\.([0-9a-z]*)\.dead\.([0-9a-z]+)$/;

/** All estates that are not settled yet. Throws errno errors. */
export function estates(inflightRoot: string): Estate[] {
  return readEstates(inflightRoot).map(({ estate }) => estate);
}

/** The same, with the leases that they were. */
function readEstates(inflightRoot: string): { estate: Estate; content: LeaseContent | null }[] {
  return readdirSync(inflightRoot).flatMap((name) => {
    const [, instance, life = '', heir] = ESTATE.exec(name) ?? [];
    const path = join(inflightRoot, name);
    const text = instance === undefined ? null : readIfThere(path);
    if (instance === undefined || heir === undefined || text === null) return [];
    // It was moved by mistake, before its owner wrote to it (`bury`).
    if (text === '' && life !== '') return [];
    const content = parseLease(text);
    // Whom it names may have been followed by another before it was moved.
    return [{ estate: { path, instance, life: content?.life ?? life, heir }, content }];
  });
}

/**
 * Declares an instance dead. Its owner may have given a sign of life since we looked, or another of
 * its name may have come: then the lease is put back, unless the name was taken meanwhile. True where
 * the estate is ours now. Throws errno errors.
 */
export function bury(inflightRoot: string, lease: FoundLease, heir: string): boolean {
  const life = lease.content?.life ?? '';
  const path = join(inflightRoot, `${lease.instance}.${life}.dead.${heir}`);
  if (readIfThere(lease.path) !== lease.text || !takeAs(path, lease.path)) return false;
  const text = readFileSync(path, 'utf8');
  if (text === lease.text) return true;
  // Whoever has not even written to its lease finds it gone, and has nothing to be settled.
  if (!putBack(path, lease.path) && text === '') rmSync(path, { force: true });
  return false;
}

/**
 * Somebody may just have taken the name: who finds an estate of it gives it up again. False where it
 * does not get free.
 */
function putBack(path: string, place: string): boolean {
  for (let tries = 0; tries < PUT_BACK_TRIES; tries++) {
    const moved = renameNoReplace(path, place);
    if (moved === 'moved') return true;
    if (moved === 'unsupported') {
      renameSync(path, place);
      return true;
    }
    Atomics.wait(pause, 0, 0, PUT_BACK_PAUSE_MS);
  }
  return false;
}

/**
 * Takes over what another heir did not settle before it died. Null where that one lives, or where a
 * third one has it. Throws errno errors.
 */
export function adopt(inflightRoot: string, estate: Estate, heir: string): Estate | null {
  const { instance, life } = estate;
  const path = join(inflightRoot, `${instance}.${life}.dead.${heir}`);
  const lives = () => {
    const isIts = ({ content }: Pick<FoundLease, 'content'>) => content?.life === estate.heir;
    // One that was moved by mistake is on its way back, where its process is seen to live.
    const moved = readEstates(inflightRoot).filter(({ content }) => {
      return content?.scope === processScope();
    });
    const found = [...readLeases(inflightRoot), ...moved];
    return found.some((lease) => isIts(lease) && !hasEnded(lease));
  };
  if (lives() || !takeAs(path, estate.path)) return null;
  // Who comes looks for a dead one of its name before it has a lease, and once more after that.
  if (!lives()) return { ...estate, path, heir };
  takeAs(estate.path, path);
  return null;
}

/** Everything of it has been seen to. */
export function settle(estate: Estate): void {
  rmSync(estate.path, { force: true });
}

/**
 * Moves a file to a name that bears our life, which nobody else does: so a look before is enough, and
 * an estate that we hold already is never replaced.
 */
function takeAs(to: string, from: string): boolean {
  if (exists(to)) return false;
  try {
    patiently(() => renameSync(from, to));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
