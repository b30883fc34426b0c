import { errnoOf, type Found, type FoundWithChange, lookAt, type Path } from '../platform/index.ts';
import { comesBefore, type Order } from '../queue/scheduler.ts';
import { FutureTimes } from './future-times.ts';
import type { IntakeEvents, IntakeOptions, Waiting } from './intake-types.ts';
import { Misnamed } from './misnamed.ts';
import { NameHeap } from './name-heap.ts';
import { quietAt } from './news-times.ts';
import { mayBeGiven, nameOf, RawNames } from './raw-names.ts';
import { type Moment, momentIn, Settling, thisMoment } from './settling.ts';
import { Stillness } from './stillness.ts';
import { type Entry, Survey } from './survey.ts';
import { Watcher } from './watcher.ts';

export type { IntakeEvents, IntakeOptions, Waiting } from './intake-types.ts';

/** Two changes of a file within this time may leave it with one modification time. */
const CLOCK_TICK_MS = 20;

/**
 * Finds the files that are dropped and holds them until they are settled: quiet for `debounceMs`
 * after the last change that was news or, where a look found them, after their modification time.
 * Two heaps of names hold what settles (by when it is due) and what has settled (by when it was
 * dropped).
 */
export class Intake {
  readonly #handoff: string;
  readonly #options: IntakeOptions;
  readonly #events: IntakeEvents;
  readonly #watcher: Watcher;
  readonly #settling = new Settling((names, now) => this.#due(names, now));
  readonly #settled = new NameHeap();
  /** What the files are really called that settle or have settled under a name that we gave. */
  readonly #rawNames: RawNames;
  readonly #futureTimes = new FutureTimes();
  readonly #misnamed: Misnamed;
  readonly #stillness: Stillness;
  /** Whether the latest look came upon the name of an intent. */
  #metAny = false;
  #lookTimer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  /** How many names the last look came upon. */
  #entries = Number.POSITIVE_INFINITY;
  #isPeriodic = false;
  #stopped = false;

  constructor(handoff: string, options: IntakeOptions, events: IntakeEvents) {
    this.#handoff = handoff;
    this.#rawNames = new RawNames(handoff);
    this.#options = options;
    this.#events = events;
    this.#stillness = new Stillness(handoff, options.watch);
    this.#misnamed = new Misnamed((name) => events.directory(name));
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
  peek(): Order | undefined {
    return this.#settled.peek();
  }

  /**
   * Nothing that has settled was dropped before this one, what a look under way has found included:
   * that cannot be taken yet, and nothing may overtake it for that.
   */
  get earliest(): Order | undefined {
    const [first, held] = [this.#settled.peek(), this.#settled.firstHeld];
    return first && held && comesBefore(first, held) ? first : (held ?? first);
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
    await this.lookAnew();
    if (!this.#stopped) this.#scheduleLook(begun);
  }

  stop(): void {
    this.#stopped = true;
    this.#settling.stop();
    clearTimeout(this.#lookTimer);
    this.#watcher.close();
  }

  /** Reads the directory whole, once at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** The same, but of what is there from now on. */
  async lookAnew(): Promise<void> {
    while (this.#looking) await this.#looking;
    return this.look();
  }

  async #look(): Promise<void> {
    try {
      this.#stillness.begin();
      // To watch anew would keep the program from ending.
      if (this.#options.watch && !this.#stopped) this.#watcher.arm();
      await this.#survey();
      if (this.#isEmpty) this.#stillness.end();
      this.#events.looked(null);
    } catch (error) {
      this.#settled.release('none');
      this.#events.looked(error);
    }
    if (this.#settled.size > 0) this.#events.arrived();
  }

  /** What is in there may be rewritten, which the directory's own times do not tell. */
  get #isEmpty(): boolean {
    return !this.#metAny && this.#settled.size + this.#settling.size === 0 && this.#watcher.armed;
  }

  /** A look at a huge directory must not become the only thing we do. */
  #scheduleLook(begun: number): void {
    const wait = Math.max(this.#options.times.periodMs, 10 * (performance.now() - begun));
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(async () => {
      const start = performance.now();
      this.#events.awake();
      if (!this.#stillness.lasts()) await this.look();
      if (!this.#stopped) this.#scheduleLook(start);
    }, wait);
  }

  #notified(rawName: string | null): void {
    if (rawName === null) {
      void this.look();
      return;
    }
    const name = nameOf(rawName);
    if (name === undefined) return;
    const now = thisMoment();
    const found = lookIfAllowed(this.#rawNames.pathOfRaw(name, rawName));
    if (found && this.#isUnchanged(name, found)) return;
    this.#events.changed(name);
    this.#settled.delete(name);
    if (found === null) {
      // Mostly it is one that we have claimed.
      this.#settling.delete(name);
      this.#forget(name);
      return;
    }
    this.#rawNames.remember(name, rawName);
    const { debounceMs } = this.#options.times;
    this.#settling.set(name, quietAt(found?.ctimeMs ?? now.date, debounceMs, now));
  }

  /**
   * Late news of a file that a look has found already: a move keeps the modification time. To settle
   * anew would let others overtake it. What is rewritten gets another time once it has settled.
   */
  #isUnchanged(name: string, found: Found): boolean {
    const known = this.#settled.timeOf(name) ?? this.#events.timeOf(name);
    return known !== undefined && this.#isStill(found, known);
  }

  /** Whether a file that was settled has had this modification time ever since. */
  #isStill(found: Found, time: number): boolean {
    return this.#options.times.debounceMs >= CLOCK_TICK_MS && found.mtimeMs === time;
  }

  /**
   * What a look has found settles all at once, so that nothing found early in it overtakes a file
   * for the same target that was found late; also what settles for the news of it: of the older
   * files there may have been news, and none of the newer ones.
   */
  async #survey(): Promise<void> {
    const now = thisMoment();
    this.#metAny = false;
    this.#entries = await Survey.make(
      {
        handoff: this.#handoff,
        isSettled: (...rawName) => this.#isSettled(...rawName),
        isNew: (name) => this.#isNew(name),
        isStirring: (name) => this.#settling.has(name),
        found: (entry, found) => this.#found(entry, found, now),
        stopped: () => this.#stopped,
        help: (rawNames) => this.#events.help(rawNames),
      },
      this.#entries,
    );
    // Where there was no news and none was taken, nobody has to be asked about a million names.
    const isSure = this.#settling.size === 0 && !this.#events.takenAny();
    this.#settled.release(isSure ? 'all' : (name, time) => this.#isWanted(name, time));
    this.#misnamed.looked();
  }

  /** Most of a million are known: a look makes nothing of them, not even strings. */
  #isSettled(bytes: Buffer, from: number, end: number): boolean {
    if (this.#misnamed.size > 0 || mayBeGiven(bytes, from)) return false;
    return this.#settled.hasBytes(bytes, from, end);
  }

  /** What is known of a name may be of a file that is claimed by now, and a directory in its place. */
  #isNew(name: string): boolean {
    this.#metAny = true;
    const isNew = !this.#settled.has(name) && !this.#events.taken(name);
    if (!isNew) this.#misnamed.passed(name);
    return isNew;
  }

  /** Whether what a look has found is still to be had, and as it was found. */
  #isWanted(name: string, time: number): boolean {
    if (this.#settling.has(name)) {
      const found = lookIfAllowed(this.#rawNames.pathOf(name));
      if (!found || !this.#isStill(found, time)) return false;
    }
    this.#settling.delete(name);
    const isTaken = this.#events.taken(name);
    if (isTaken) this.#rawNames.forget(name);
    return !isTaken;
  }

  /** What a look has come upon. */
  #found({ name, rawName }: Entry, found: Found | null, now: Moment): void {
    this.#rawNames.remember(name, rawName);
    const time = this.#consider(name, found, now);
    if (time === undefined) return;
    this.#settling.delete(name);
    this.#settled.hold(name, time);
  }

  #waiting(name: string, time: number): Waiting {
    const path = this.#rawNames.pathOf(name);
    const refused = this.#rawNames.refusalOf(name);
    this.#rawNames.forget(name);
    return refused ? { name, path, time, refusedName: refused } : { name, path, time };
  }

  /** The time of a settled file; for one that is not settled, sees to it that it is looked at again. */
  #consider(name: string, found: Found | null, now: Moment): number | undefined {
    if (!found || found.isDirectory) {
      this.#forget(name);
      if (found) this.#misnamed.found(name);
      return undefined;
    }
    const quiet = now.date - this.#futureTimes.changeTime(name, found.mtimeMs, now.date);
    if (quiet >= this.#options.times.debounceMs) {
      return this.#futureTimes.orderTime(name, found.mtimeMs, now.date);
    }
    if (!this.#settling.has(name)) {
      this.#settling.set(name, momentIn(this.#options.times.debounceMs - quiet, now));
    }
    return undefined;
  }

  #forget(name: string): void {
    this.#rawNames.forget(name);
    this.#futureTimes.forget(name);
  }

  #due(names: readonly string[], now: Moment): void {
    for (const name of names) {
      const time = this.#considerDue(name, now);
      if (time !== undefined) this.#settled.set(name, time);
    }
    if (this.#settled.size > 0) this.#events.arrived();
  }

  /** A file that cannot be looked at now is looked at again. */
  #considerDue(name: string, now: Moment): number | undefined {
    try {
      return this.#consider(name, lookAt(this.#rawNames.pathOf(name)), now);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.settle(name, this.#options.times.periodMs);
      this.#events.looked(error);
      return undefined;
    }
  }
}

/** Null where there is nothing; undefined where that cannot be told. */
function lookIfAllowed(path: Path): FoundWithChange | null | undefined {
  try {
    return lookAt(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
