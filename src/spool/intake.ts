import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { errnoOf } from '../platform/index.ts';
import { FutureTimes } from './future-times.ts';
import type { IntakeEvents, IntakeOptions, Waiting } from './intake-types.ts';
import { NameHeap } from './name-heap.ts';
import { nameOf, RawNames } from './raw-names.ts';
import { Watcher } from './watcher.ts';

export type { IntakeEvents, IntakeOptions, Waiting } from './intake-types.ts';

/** Two changes of a file within this time may leave it with one modification time. */
const CLOCK_TICK_MS = 20;

/** A look considers this many names before others have a turn. */
const NAMES_A_TURN = 1000;

/**
 * Finds the files that are dropped and holds them until they are settled: quiet for `debounceMs`
 * after the last news of them or, where a look found them, after their modification time. Two heaps
 * of names hold what settles (by when it is due) and what has settled (by when it was dropped).
 */
export class Intake {
  readonly #handoff: string;
  readonly #options: IntakeOptions;
  readonly #events: IntakeEvents;
  readonly #watcher: Watcher;
  readonly #settling = new NameHeap();
  readonly #settled = new NameHeap();
  /** What the files are really called that settle or have settled under a name that we gave. */
  readonly #rawNames: RawNames;
  readonly #futureTimes = new FutureTimes();
  readonly #directories = new Set<string>();
  #settleTimer: NodeJS.Timeout | undefined;
  #settleTimerDue = Number.POSITIVE_INFINITY;
  #lookTimer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #isPeriodic = false;
  #stopped = false;

  constructor(handoff: string, options: IntakeOptions, events: IntakeEvents) {
    this.#handoff = handoff;
    this.#rawNames = new RawNames(handoff);
    this.#options = options;
    this.#events = events;
    this.#watcher = new Watcher(handoff, {
      changed: (rawName) => this.#notified(rawName),
      unwatched: (error) => events.unwatched(error),
    });
  }

  /** How many files have settled and how many are still settling. */
  get settled(): number {
    return this.#settled.size;
  }

  get settling(): number {
    return this.#settling.size;
  }

  /** Whether a name is settling or has settled. */
  has(name: string): boolean {
    return this.#settling.has(name) || this.#settled.has(name);
  }

  /** The first settled file in the order of dropping. */
  peek(): { name: string; time: number } | undefined {
    return this.#settled.peek();
  }

  /** Takes up to `count` settled files, in the order of dropping. */
  take(count: number): Waiting[] {
    const files: Waiting[] = [];
    while (files.length < count) {
      const first = this.#settled.pop();
      if (!first) break;
      files.push(this.#waiting(first.name, first.time));
    }
    return files;
  }

  /** Puts a settled file back that cannot be dealt with yet. */
  putBack({ name, time }: { name: string; time: number }): void {
    this.#settled.set(name, time);
  }

  /** Looks at a name again after a while (`delayMs`), counted anew at each of its changes. */
  settle(name: string, delayMs: number): void {
    this.#settling.set(name, performance.now() + delayMs);
    this.#armSettleTimer();
  }

  /** The periodic look and the notifications begin; resolves after the first look. */
  async start(): Promise<void> {
    this.#isPeriodic = true;
    await this.look();
    if (!this.#stopped) this.#scheduleLook(performance.now());
  }

  /**
   * The times are others now: what settles is judged by them, and so is when the next look comes.
   * Without a periodic look what settles keeps its time.
   */
  async retime(): Promise<void> {
    if (!this.#isPeriodic || this.#stopped) return;
    const begun = performance.now();
    await this.lookAtAll();
    if (!this.#stopped) this.#scheduleLook(begun);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#settleTimer);
    clearTimeout(this.#lookTimer);
    this.#watcher.close();
  }

  /** Reads the directory whole, once at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#begin(false);
    return this.#looking;
  }

  /** The same from now on, and what settles for the news of it is judged by its age as well. */
  async lookAtAll(): Promise<void> {
    while (this.#looking) await this.#looking;
    this.#looking = this.#begin(true);
    return this.#looking;
  }

  #begin(all: boolean): Promise<void> {
    return this.#look(all).finally(() => {
      this.#looking = null;
    });
  }

  async #look(all: boolean): Promise<void> {
    try {
      // To watch anew would keep the program from ending.
      if (this.#options.watch && !this.#stopped) this.#watcher.arm();
      // Latin-1, one character a byte: compact, and nothing is lost that is not UTF-8.
      const names = await readdir(this.#handoff, { encoding: 'latin1' });
      this.#forgetDirectories(names);
      await this.#seen(names, all);
      this.#events.looked(null);
    } catch (error) {
      this.#events.looked(error);
    }
    if (this.#settled.size > 0) this.#events.arrived();
  }

  /** A look at a huge directory must not become the only thing we do. */
  #scheduleLook(begun: number): void {
    const wait = Math.max(this.#options.times.periodMs, 10 * (performance.now() - begun));
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(async () => {
      const start = performance.now();
      await this.look();
      if (!this.#stopped) this.#scheduleLook(start);
    }, wait);
  }

  #notified(rawName: string | null): void {
    if (rawName === null) {
      void this.look();
      return;
    }
    const name = nameOf(rawName);
    if (name === undefined || this.#isUnchanged(name)) return;
    this.#events.changed(name);
    this.#settled.delete(name);
    this.#rawNames.remember(name, rawName);
    this.settle(name, this.#options.times.debounceMs);
  }

  /**
   * Late news of a file that a look has found already: a move keeps the modification time. To settle
   * anew would let others overtake it. What is rewritten gets another time once it has settled.
   */
  #isUnchanged(name: string): boolean {
    const known = this.#settled.timeOf(name) ?? this.#events.timeOf(name);
    return known !== undefined && this.#isStill(name, known);
  }

  /** Whether a file that was settled has had this modification time ever since. */
  #isStill(name: string, time: number): boolean {
    if (this.#options.times.debounceMs < CLOCK_TICK_MS) return false;
    try {
      const path = this.#rawNames.pathOf(name);
      return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs === time;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return false;
    }
  }

  /**
   * What a look has found settles all at once, so that nothing found early in it overtakes a file
   * for the same target that was found late.
   */
  async #seen(rawNames: readonly string[], all: boolean): Promise<void> {
    const found: { name: string; time: number }[] = [];
    for (let from = 0; from < rawNames.length && !this.#stopped; from += NAMES_A_TURN) {
      for (const rawName of rawNames.slice(from, from + NAMES_A_TURN)) {
        const name = nameOf(rawName);
        if (name === undefined || this.#settled.has(name) || this.#events.taken(name)) continue;
        if (!all && this.#settling.has(name)) continue;
        this.#rawNames.remember(name, rawName);
        const time = this.#consider(name, Date.now());
        if (time === undefined) continue;
        this.#settling.delete(name);
        found.push({ name, time });
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { name, time } of found) {
      if (this.#settled.has(name)) continue;
      if (this.#settling.has(name) && !this.#isStill(name, time)) continue;
      this.#settling.delete(name);
      if (this.#events.taken(name)) this.#rawNames.forget(name);
      else this.#settled.set(name, time);
    }
  }

  #waiting(name: string, time: number): Waiting {
    const path = this.#rawNames.pathOf(name);
    const refused = this.#rawNames.refusalOf(name);
    this.#rawNames.forget(name);
    return refused ? { name, path, time, refusedName: refused } : { name, path, time };
  }

  /** The time of a settled file; for one that is not settled, sees to it that it is looked at again. */
  #consider(name: string, now: number): number | undefined {
    const found = lstatSync(this.#rawNames.pathOf(name), { throwIfNoEntry: false });
    if (!found || found.isDirectory()) {
      this.#rawNames.forget(name);
      this.#futureTimes.forget(name);
      if (found && !this.#directories.has(name)) this.#events.directory(name);
      if (found) this.#directories.add(name);
      return undefined;
    }
    const quiet = now - this.#futureTimes.changeTime(name, found.mtimeMs, now);
    if (quiet < this.#options.times.debounceMs) {
      this.settle(name, this.#options.times.debounceMs - quiet);
      return undefined;
    }
    return this.#futureTimes.orderTime(name, found.mtimeMs, now);
  }

  #armSettleTimer(): void {
    const due = this.#settling.peek()?.time ?? Number.POSITIVE_INFINITY;
    if (due >= this.#settleTimerDue || this.#stopped) return;
    clearTimeout(this.#settleTimer);
    this.#settleTimerDue = due;
    this.#settleTimer = setTimeout(() => this.#settleDue(), Math.max(0, due - performance.now()));
  }

  #settleDue(): void {
    const now = performance.now();
    this.#settleTimerDue = Number.POSITIVE_INFINITY;
    for (let first = this.#settling.peek(); first && first.time <= now; ) {
      this.#settling.pop();
      const time = this.#considerDue(first.name);
      if (time !== undefined) this.#settled.set(first.name, time);
      first = this.#settling.peek();
    }
    this.#armSettleTimer();
    if (this.#settled.size > 0) this.#events.arrived();
  }

  /** A file that cannot be looked at now is looked at again. */
  #considerDue(name: string): number | undefined {
    try {
      return this.#consider(name, Date.now());
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.settle(name, this.#options.times.periodMs);
      this.#events.looked(error);
      return undefined;
    }
  }

  #forgetDirectories(rawNames: readonly string[]): void {
    if (this.#directories.size === 0) return;
    const present = new Set(rawNames.map((rawName) => nameOf(rawName)));
    for (const name of this.#directories) if (!present.has(name)) this.#directories.delete(name);
  }
}
