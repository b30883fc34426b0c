import { unlink } from 'node:fs/promises';
import type { PastOutcome } from './history.ts';
import { type Guard, Journal, type SealedSegment } from './journal.ts';
import { loadSegments, loadSnapshot, type Source } from './load.ts';
import {
  JOURNAL_VERSION,
  type OutcomeRecord,
  type SegmentHeader,
  type StartRecord,
} from './records.ts';
import { Memory, type Unfinished } from './replay.ts';
import { writeSnapshot } from './snapshot.ts';

/** Where the state lives and whose it is. */
export type StateOptions = Source & {
  /** Path of this instance's journal; sealed segments stand beside it with a number after it. */
  journal: string;
  /** Names this run of the program. */
  life: string;
  guard: Guard;
};

/** Compaction pays when the journal has outgrown both of these. */
const COMPACT_BYTES = 16 * 1024 * 1024;
const COMPACT_BYTES_PER_ENTRY = 256;

/** The program's memory of outcomes: what it says, it has on disk. */
export class Store {
  readonly #options: StateOptions;
  readonly #memory: Memory;
  readonly #journal: Journal;
  /** Segments that no snapshot covers yet. */
  #uncovered: SealedSegment[];
  #filed: string[] = [];
  #count = 0;
  #dirty: boolean;
  #compacting: Promise<void> | null = null;

  private constructor(
    options: StateOptions,
    memory: Memory,
    journal: Journal,
    uncovered: SealedSegment[],
    mended: boolean,
  ) {
    this.#options = options;
    this.#memory = memory;
    this.#journal = journal;
    this.#uncovered = uncovered;
    this.#dirty = mended || uncovered.length > 0;
  }

  /** Reads snapshot and journals, sets aside what is damaged and begins a segment of our own. */
  static async open(options: StateOptions): Promise<Store> {
    const memory = new Memory();
    const { covers, mended } = await loadSnapshot(options, memory);
    const uncovered = await loadSegments(options, memory, covers);
    const last = [...covers, ...uncovered]
      .filter((one) => one.instance === options.instance)
      .reduce((highest, one) => Math.max(highest, one.segment), 0);
    const header: SegmentHeader = {
      t: 'segment',
      version: JOURNAL_VERSION,
      instance: options.instance,
      segment: last + 1,
      life: options.life,
      created: new Date().toISOString(),
    };
    const journal = await Journal.create(options.journal, header, options.guard);
    return new Store(options, memory, journal, uncovered, mended);
  }

  /** True where a snapshot would say more than the one on disk. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Entries of history. */
  get size(): number {
    return this.#memory.history.size;
  }

  /** The latest outcome of a name. */
  past(name: string): PastOutcome | undefined {
    return this.#memory.history.get(name);
  }

  /** Intents that were begun or recorded, but whose files are not in their place. */
  get unfinished(): ReadonlyMap<string, Unfinished> {
    return this.#memory.unfinished;
  }

  /** How often a worker or the program died while this very content ran. */
  deaths(name: string, sha: string): number {
    return this.#start(name, sha)?.deaths ?? 0;
  }

  /** How often porch was begun for this very content, without an outcome on record yet. */
  attempts(name: string, sha: string): number {
    return this.#start(name, sha)?.attempt ?? 0;
  }

  /** Notes that an attempt begins, or that none runs any more. Not waited for. */
  started(record: Omit<StartRecord, 't'>): void {
    const start: StartRecord = { t: 'start', ...record };
    this.#dirty = true;
    this.#memory.apply(start);
    this.#journal.note(start);
  }

  /** Records what became of an intent. When this resolves, it is on disk. */
  async record(outcome: Omit<OutcomeRecord, 't' | 'seq'>): Promise<OutcomeRecord> {
    const seq = `${this.#options.life}-${++this.#count}`;
    const record: OutcomeRecord = { t: 'outcome', seq, ...outcome };
    this.#dirty = true;
    const durable = this.#journal.append(record);
    this.#memory.apply(record);
    await durable;
    return record;
  }

  /** Records that the destination of an outcome had to change. */
  async redirect(seq: string, to: string): Promise<void> {
    const record = { t: 'redirected', seq, to } as const;
    this.#dirty = true;
    this.#memory.apply(record);
    await this.#journal.append(record);
  }

  /** Notes that an outcome's file has reached its place. */
  filed(seq: string): void {
    this.#memory.apply({ t: 'filed', seqs: [seq] });
    this.#dirty = true;
    if (this.#filed.push(seq) === 1) setImmediate(() => this.#noteFiled());
    if (this.#outgrown()) void this.compact();
  }

  /** Forgets outcomes older than `before` (milliseconds since 1970); returns how many. */
  prune(before: number): number {
    const count = this.#memory.history.prune(before);
    if (count > 0) this.#journal.note({ t: 'pruned', before });
    this.#dirty ||= count > 0;
    return count;
  }

  /** Writes a snapshot of everything up to now and drops the segments that it covers. */
  compact(): Promise<void> {
    this.#compacting ??= this.#compact().finally(() => {
      this.#compacting = null;
    });
    return this.#compacting;
  }

  /** Leaves one whole snapshot behind, and no journal. */
  async close(): Promise<void> {
    this.#noteFiled();
    await this.#compacting;
    if (this.dirty) await this.compact();
    await this.#journal.close();
    await unlinkIfThere(this.#options.journal);
  }

  /** Writes nothing more: the directory, or our name in it, belongs to somebody else by now. */
  abandon(): Promise<void> {
    return this.#journal.abandon();
  }

  #start(name: string, sha: string): StartRecord | undefined {
    const start = this.#memory.unfinished.get(name)?.start;
    return start?.sha === sha ? start : undefined;
  }

  #noteFiled(): void {
    if (this.#filed.length === 0) return;
    this.#journal.note({ t: 'filed', seqs: this.#filed });
    this.#filed = [];
  }

  #outgrown(): boolean {
    const { bytes } = this.#journal;
    return bytes > COMPACT_BYTES && bytes > this.size * COMPACT_BYTES_PER_ENTRY;
  }

  async #compact(): Promise<void> {
    this.#uncovered.push(await this.#journal.rotate());
    this.#dirty = false;
    const segments = this.#uncovered;
    const { history, unfinished } = this.#memory;
    const open = [...unfinished.values()].flatMap(({ start, outcome }) =>
      [start, outcome].filter((record) => record !== undefined),
    );
    await this.#options.guard('write the state snapshot', () =>
      writeSnapshot(this.#options.snapshot, {
        covers: segments.map(({ instance, segment, bytes }) => ({ instance, segment, bytes })),
        unfinished: open,
        entries: history.entries(),
      }),
    );
    this.#uncovered = this.#uncovered.slice(segments.length);
    for (const { path } of segments) {
      await this.#options.guard('remove a journal segment', () => unlinkIfThere(path));
    }
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
