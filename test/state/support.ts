import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { isJournalSegment, layoutOf } from '../../src/spool/layout.ts';
import type { PastOutcome } from '../../src/state/history.ts';
import type { Guard } from '../../src/state/journal.ts';
import type { JournalRecord, OutcomeRecord, StartRecord } from '../../src/state/records.ts';
import { readSnapshot, type SnapshotReader } from '../../src/state/snapshot.ts';
import { Store } from '../../src/state/store.ts';
import { nobody, type Others } from '../../src/state/tails.ts';
import { tempDir } from '../spool/support.ts';

export const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

const id = { ino: '12345678901234567890', size: 3, mtimeNs: '1700000000000000001' };

export function outcome(name: string, changes: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return {
    t: 'outcome',
    seq: `life-${name}`,
    name,
    sha: sha(name),
    id,
    outcome: 'success',
    to: `processed/${name}`,
    status: `{"moved_to":"processed/${name}"}\n`,
    at: 1000,
    ...changes,
  };
}

export function start(name: string, changes: Partial<StartRecord> = {}): StartRecord {
  return {
    t: 'start',
    name,
    sha: sha(name),
    id,
    attempt: 1,
    run: 'life-1',
    deaths: 0,
    at: 1,
    ...changes,
  };
}

/** An outcome as the pipeline records it. */
export function concluded(name: string, changes: Partial<OutcomeRecord> = {}) {
  const { t: _, seq: __, ...rest } = outcome(name, changes);
  return rest;
}

export function begun(name: string, changes: Partial<StartRecord> = {}) {
  const { t: _, at: __, ...rest } = start(name, changes);
  return rest;
}

/** Tries again at once whatever the system refuses, and keeps what it refused. */
export function retrying(): { guard: Guard; refused: string[] } {
  const refused: string[] = [];
  const guard: Guard = async (what, step) => {
    for (;;) {
      try {
        return await step();
      } catch (error) {
        refused.push(`${what}: ${error instanceof Error ? error.message : error}`);
        if (refused.length > 100) throw error;
      }
    }
  };
  return { guard, refused };
}

/** The prototype of all file handles, where a test can make the disk fail. */
export async function fileHandles(): Promise<FileHandle> {
  const file = await open(new URL(import.meta.url));
  await file.close();
  return Object.getPrototypeOf(file);
}

export const diskError = (code: string) => Object.assign(new Error(code), { code });

export type OpenOptions = { instance?: string; life?: string; guard?: Guard; others?: Others };

let lives = 0;

/** A store on a directory, as the program opens it; `said` gets what it reports. */
export async function openStore(
  handoff: string,
  {
    instance = 'here',
    life = `life${++lives}`,
    guard = retrying().guard,
    others = nobody,
  }: OpenOptions = {},
): Promise<{ store: Store; said: string[] }> {
  const said: string[] = [];
  const { snapshot, journal, status } = layoutOf(handoff, instance, 'life');
  const store = await Store.open({
    snapshot,
    journal,
    stateFiles: async () => {
      return readdirSync(handoff)
        .filter(isJournalSegment)
        .map((name) => join(handoff, name));
    },
    others,
    instance,
    status,
    life,
    operated: () => {},
    syncFiled: async () => {},
    guard,
    report: (message, damaged) => said.push(`${damaged ? 'E009 ' : ''}${message}`),
  });
  return { store, said };
}

/** What a crash leaves: the files as they are at this instant, in a directory of their own. */
export function crash(t: TestContext, handoff: string): string {
  const copy = join(tempDir(t), 'handoff');
  mkdirSync(copy);
  cpSync(handoff, copy, { recursive: true });
  return copy;
}

/** Everything that a store remembers, to be compared with another's. */
export function memoryOf(store: Store, names: readonly string[]) {
  return {
    size: store.size,
    past: names.map((name) => store.past(name)),
    unfinished: [...store.unfinished].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

/** What a snapshot says. */
export async function read(path: string) {
  const entries = new Map<string, PastOutcome>();
  const unfinished: JournalRecord[] = [];
  const found: { covers: Parameters<SnapshotReader['covers']>[0] } = { covers: [] };
  const damaged = await readSnapshot(path, {
    covers: (covers) => {
      found.covers = covers;
    },
    unfinished: (record) => unfinished.push(record),
    entry: (name, past) => entries.set(name, past),
  });
  return { ...found, entries, unfinished, damaged };
}
