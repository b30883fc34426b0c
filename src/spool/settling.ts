import { NameHeap } from './name-heap.ts';

/**
 * One moment by both clocks. What is judged together is judged by the same moment: else a file could
 * settle before an older one, only because the clock moved on between the looks at them.
 */
export type Moment = {
  /** `performance.now()` */
  at: number;
  /** Milliseconds since 1970. */
  date: number;
};

export const thisMoment = (): Moment => ({ at: performance.now(), date: Date.now() });

/** `Date.now()` is rounded down, so the date changes up to so long before it seems due. */
const DATE_TICK_MS = 1;

/** The moment at which the date will be `ms` later than at `now`, or a little before. */
export const momentIn = (ms: number, now: Moment): number => now.at + ms - DATE_TICK_MS;

/**
 * Names that settle, each until it is due, and the timer that tells. Who was stopped for a while, or
 * had no processor, finds the timer over before it has heard the news of that time: a name that was due
 * may have a newer file, and older ones wait unheard of. So the news come first, and what is due is
 * judged by the moment before them.
 */
export class Settling {
  readonly #names = new NameHeap();
  readonly #due: (names: string[], now: Moment) => void;
  #timer: NodeJS.Timeout | undefined;
  #afterNews: NodeJS.Immediate | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  /** `due` is given all names that are due by then, and may put them in again. */
  constructor(due: (names: string[], now: Moment) => void) {
    this.#due = due;
  }

  get size(): number {
    return this.#names.size;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  /** Puts a name in, or moves it; `at` by `performance.now()`. */
  set(name: string, at: number): void {
    this.#names.set(name, at);
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#afterNews);
  }

  #arm(): void {
    const at = this.#names.peek()?.time ?? Number.POSITIVE_INFINITY;
    if (at >= this.#timerAt || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#ring(), Math.max(0, at - performance.now()));
  }

  /** The event loop polls between its timers and its immediates. */
  #ring(): void {
    const now = thisMoment();
    this.#timerAt = Number.NEGATIVE_INFINITY;
    this.#afterNews = setImmediate(() => this.#tell(now));
  }

  #tell(now: Moment): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const names: string[] = [];
    for (let first = this.#names.peek(); first && first.time <= now.at; ) {
      this.#names.pop();
      names.push(first.name);
      first = this.#names.peek();
    }
    this.#due(names, now);
    this.#arm();
  }
}
