import { Compactor, hasReaders, temporarySnapshot } from './compactor.ts';
import { unlinkIfThere } from './files.ts';
import type { PastOutcome } from './history.ts';
import { type Guard, Journal } from './journal.ts';
import { type Loaded, load, type Source } from './load.ts';
import {
  JOURNAL_VERSION,
  type OutcomeRecord,
  type SegmentHeader,
  type StartRecord,
} from './records.ts';
import type { Memory, Unfinished } from './replay.ts';
import { fence } from './segments.ts';
import type { Tails } from './tails.ts';

/** Where the state lives and whose it is. */
export type StateOptions = Source & {
  /** Path of this instance's journal; sealed segments stand beside it with a number after it. */
  journal: string;
  /** Names this run of the program. */
  life: string;
  guard: Guard;
  /** Told of what is done to the state. */
  operated(operation: 'load' | 'record' | 'snapshot' | 'prune'): void;
  /**
   * Makes durable what was filed since the latest snapshot (null: too much to be named), before it is
   * forgotten what would have to be repeated after a power loss.
   */
  syncFiled(filed: readonly OutcomeRecord[] | null): Promise<void>;
};

/** The program's memory of outcomes: what it says, it has on disk. */
export class Store {
  readonly #options: StateOptions;
  readonly #memory: Memory;
  readonly #journal: Journal;
  readonly #tails: Tails;
  readonly #compactor: Compactor;
  #filed: string[] = [];
  #count = 0;
  #ended = false;
  #dirty: boolean;

  private constructor(
    options: StateOptions,
    { memory, tails, uncovered, mended }: Loaded,
    journal: Journal,
  ) {
    this.#options = options;
    this.#memory = memory;
    this.#tails = tails;
    this.#journal = journal;
    const captured = () => {
      this.#dirty = false;
    };
    this.#compactor = new Compactor({ ...options, memory, tails, journal, captured }, uncovered);
    this.#dirty = mended || uncovered.length > 0;
  }

  /** Reads snapshot and journals, sets aside what is damaged and begins a segment of our own. */
  static async open(options: StateOptions): Promise<Store> {
    const loaded = await load(options);
    const last = [...loaded.covers, ...loaded.uncovered]
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
    options.operated('load');
    return new Store(options, loaded, journal);
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

  /**
   * Reads what the other instances have recorded by now; false where one of them may just have died,
   * and how far its journal counts is not known yet. Throws errno errors.
   */
  catchUp(): boolean {
    return this.#tails.catchUp();
  }

  /** Instances that had no lease any more at the latest reading, and no end set to their journals. */
  get unfenced(): readonly string[] {
    return this.#tails.unknown;
  }

  /** Sets the end of the journal of a dead instance that is ours to settle. */
  async fence(instance: string): Promise<void> {
    const { others, guard, report } = this.#options;
    const journal = others.journalOf(instance);
    await guard('seal the journal of a dead instance', () => {
      return fence(journal, report, (life) => others.isInPlace(journal, life));
    });
    this.#tails.follow(instance);
    await guard('read the journal of a dead instance', async () => this.#tails.catchUp());
  }

  /** Removes the snapshot that a dead one had not written to its end. Throws errno errors. */
  removeTemporary(life: string): Promise<void> {
    return unlinkIfThere(temporarySnapshot(this.#options.snapshot, life));
  }

  /** Notes that an attempt begins, or that none runs any more. Not waited for. */
  started(record: Omit<StartRecord, 't' | 'at'>): void {
    const start: StartRecord = { t: 'start', ...record, at: this.#after(record.name, Date.now()) };
    this.#dirty = true;
    this.#memory.apply(start);
    this.#journal.note(start);
  }

  /** Records what became of an intent. When this resolves, it is on disk. */
  async record(outcome: Omit<OutcomeRecord, 't' | 'seq'>): Promise<OutcomeRecord> {
    const seq = `${this.#options.life}-${++this.#count}`;
    const at = this.#after(outcome.name, outcome.at);
    const record: OutcomeRecord = { t: 'outcome', seq, ...outcome, at };
    this.#dirty = true;
    const durable = this.#journal.append(record);
    this.#memory.apply(record);
    await durable;
    this.#options.operated('record');
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
  filed(record: OutcomeRecord): void {
    this.#memory.apply({ t: 'filed', seqs: [record.seq] });
    this.#dirty = true;
    this.#compactor.filed(record);
    if (this.#filed.push(record.seq) === 1) setImmediate(() => this.#noteFiled());
    if (this.#compactor.isDue) void this.compact();
  }

  /** Resolves when everything that was noted so far is on disk. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  /** Forgets outcomes older than `before` (milliseconds since 1970); returns how many. */
  prune(before: number): number {
    const count = this.#memory.prune(before);
    this.#options.operated('prune');
    if (count > 0) this.#journal.note({ t: 'pruned', before });
    this.#dirty ||= count > 0;
    return count;
  }

  /** Writes a snapshot of everything up to now and drops the segments that it covers. */
  compact(): Promise<void> {
    return this.#compactor.compact();
  }

  /**
   * What is done now and then: it reads what may be removed before long, keeps the snapshot near and
   * the directory clean.
   */
  async tidy(): Promise<void> {
    const { guard } = this.#options;
    if (!this.#ended) await guard('read the journals of others', async () => this.#readOn());
    if (this.#compactor.isDue && !this.#ended) await this.compact();
    await this.#compactor.removeCovered();
  }

  /** Alone it leaves one whole snapshot behind and no journal; else a journal for the others. */
  async close(): Promise<void> {
    this.#noteFiled();
    this.#ended = true;
    await this.#compactor.underWay;
    if ((this.#dirty || this.#tails.any) && !(await this.#hasReaders())) await this.compact();
    const hasReaders = await this.#hasReaders();
    this.#tails.close();
    if (hasReaders) return this.#journal.seal();
    await this.#journal.close();
    const { guard, journal } = this.#options;
    await guard('remove the journal', () => unlinkIfThere(journal));
  }

  /** Only writes what the journal still lacks: the directory is out of reach, but that is open. */
  leave(): Promise<void> {
    this.#noteFiled();
    this.#end();
    return this.#journal.close();
  }

  /** Writes nothing more: the directory, or our name in it, belongs to somebody else by now. */
  abandon(): Promise<void> {
    this.#end();
    return this.#journal.abandon();
  }

  #end(): void {
    this.#ended = true;
    this.#tails.close();
  }

  #readOn(): void {
    if (this.#ended) return;
    this.#tails.catchUp();
    this.#tails.forgetEnded();
  }

  #start(name: string, sha: string): StartRecord | undefined {
    const start = this.#memory.unfinished.get(name)?.start;
    return start?.sha === sha ? start : undefined;
  }

  /** `at`, or just after the latest that is known of a name, whatever a clock says. */
  #after(name: string, at: number): number {
    return Math.max(at, this.#memory.latest(name) + 1);
  }

  #noteFiled(): void {
    if (this.#filed.length === 0) return;
    this.#journal.note({ t: 'filed', seqs: this.#filed });
    this.#filed = [];
  }

  /** Whether somebody may have to read what we have written. */
  #hasReaders(): Promise<boolean> {
    return hasReaders(this.#options);
  }
}
