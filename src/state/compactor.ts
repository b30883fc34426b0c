import { unlinkIfThere } from './files.ts';
import type { Guard, Journal, SealedSegment } from './journal.ts';
import type { OutcomeRecord } from './records.ts';
import type { Memory } from './replay.ts';
import { writeSnapshot } from './snapshot.ts';
import type { Others, Tails } from './tails.ts';

export type CompactorParts = {
  snapshot: string;
  /** Names this run of the program. */
  life: string;
  others: Others;
  guard: Guard;
  memory: Memory;
  tails: Tails;
  journal: Journal;
  syncFiled(filed: readonly OutcomeRecord[] | null): Promise<void>;
  operated(operation: 'snapshot'): void;
  /** Called when it is settled what the snapshot will hold. */
  captured(): void;
};

/** Compaction pays when the journals have outgrown all of these. */
const COMPACT_BYTES = 16 * 1024 * 1024;
const COMPACT_BYTES_PER_ENTRY = 256;
const COMPACT_RECORDS = 40_000;

/** So many filed intents are synced one by one. */
const FEW_FILED = 64;

/** Turns journals into a snapshot, and removes them when nobody has to read them any more. */
export class Compactor {
  readonly #options: CompactorParts;
  /** Segments that no snapshot covers yet. */
  #uncovered: SealedSegment[];
  /** Covered segments that others may still have to read, and since when. */
  #removable: { path: string; since: number }[] = [];
  /** Records of others that the latest snapshot holds. */
  #tailsCovered = 0;
  /** What was filed since the latest snapshot; null where it is too much to be named. */
  #unsynced: OutcomeRecord[] | null = [];
  #compacting: Promise<void> | null = null;

  constructor(options: CompactorParts, uncovered: SealedSegment[]) {
    this.#options = options;
    this.#uncovered = uncovered;
  }

  /** The compaction under way. */
  get underWay(): Promise<void> | null {
    return this.#compacting;
  }

  /** An intent has its status and its place, which have to be durable before it is forgotten. */
  filed(record: OutcomeRecord): void {
    if (this.#unsynced?.push(record) === FEW_FILED) this.#unsynced = null;
  }

  /** Whether the journals have outgrown what they are worth. */
  get isDue(): boolean {
    const { journal, memory, tails, others } = this.#options;
    const { bytes } = journal;
    const { size } = memory.history;
    const large = bytes > COMPACT_BYTES && bytes > size * COMPACT_BYTES_PER_ENTRY;
    if (large || !others.leads()) return large;
    const unread = tails.applied - this.#tailsCovered;
    return unread > COMPACT_RECORDS && unread > size;
  }

  /** Writes a snapshot of everything up to now and drops the segments that it covers. */
  compact(): Promise<void> {
    this.#compacting ??= this.#compact().finally(() => {
      this.#compacting = null;
    });
    return this.#compacting;
  }

  /** While others live, they are given time to read what is removed. */
  async removeCovered(): Promise<void> {
    const { others, guard } = this.#options;
    if (this.#removable.length === 0) return;
    const graceMs = (await hasReaders(this.#options)) ? others.graceMs : 0;
    const isDue = ({ since }: { since: number }) => performance.now() - since >= graceMs;
    const due = this.#removable.filter(isDue);
    this.#removable = this.#removable.filter((one) => !due.includes(one));
    for (const { path } of due) {
      await guard('remove a journal segment', () => unlinkIfThere(path));
    }
  }

  async #compact(): Promise<void> {
    const { others, guard, snapshot, life, journal, tails, memory } = this.#options;
    // Whoever leads covers our sealed segments too.
    if (!others.leads() && !this.isDue) return;
    this.#uncovered.push(await journal.rotate());
    if (!others.leads()) return;
    // What is read to its end while the snapshot is written is not covered by it.
    const read = await guard('look for journal segments', async () => tails.readSegments());
    this.#options.captured();
    this.#tailsCovered = tails.applied;
    const segments = this.#uncovered;
    const covers = segments.map(({ instance, segment, bytes }) => ({ instance, segment, bytes }));
    const { history, unfinished } = memory;
    const content = {
      covers: [...covers, ...tails.positions],
      unfinished: [...unfinished.values()].flatMap(({ start, outcome }) =>
        [start, outcome].filter((record) => record !== undefined),
      ),
    };
    const filed = tails.any ? null : this.#unsynced;
    this.#unsynced = [];
    await guard('sync what was filed', () => this.#options.syncFiled(filed));
    const temporary = temporarySnapshot(snapshot, life);
    await guard('write the state snapshot', () => {
      // Entries pass only once: another attempt must not begin where a failed one ended.
      const entries = history.entries();
      return writeSnapshot(snapshot, { ...content, entries }, temporary);
    });
    this.#options.operated('snapshot');
    this.#uncovered = this.#uncovered.slice(segments.length);
    const since = performance.now();
    const known = new Set(this.#removable.map(({ path }) => path));
    for (const path of [...segments.map((segment) => segment.path), ...read]) {
      if (!known.has(path)) this.#removable.push({ path, since });
    }
    await this.removeCovered();
  }
}

/** Where a life writes a snapshot until it is whole. */
export function temporarySnapshot(snapshot: string, life: string): string {
  return `${snapshot}.${life}.tmp`;
}

/** Whether somebody may have to read what we have written. */
export async function hasReaders({ others, guard }: { others: Others; guard: Guard }) {
  await guard('look for other instances', async () => others.look());
  return others.names().length > 0;
}
