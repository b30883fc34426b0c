/** Runs that take less than this are so short that the next one had better be prepared. */
const SHORT_MS = 50;

/**
 * A counted right to run: as many holders at a time as there are slots. While runs are short, as
 * many again may be prepared (claimed and ready to be handed to a worker), for otherwise workers
 * would wait for the next claim as long as they work.
 */
export class Slots {
  readonly #prepared: number;
  #free: number;
  #averageMs = Number.POSITIVE_INFINITY;
  readonly #waiting: (() => void)[] = [];
  readonly #freed: () => void;

  /** `freed` is called when a slot has become free that nobody waits for. */
  constructor(count: number, freed: () => void) {
    this.#prepared = count;
    this.#free = 2 * count;
    this.#freed = freed;
  }

  /** How many more may begin. */
  get free(): number {
    return this.#averageMs < SHORT_MS ? this.#free : this.#free - this.#prepared;
  }

  /** Takes a slot, waiting for one if need be: those who wait come before those who ask `free`. */
  take(): Promise<void> | undefined {
    if (this.free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    this.#free++;
    while (this.free > 0 && this.#waiting.length > 0) {
      this.#free--;
      this.#waiting.shift()?.();
    }
    if (this.free > 0) this.#freed();
  }

  /** Tells how long a run took. */
  ran(durationMs: number): void {
    const known = Number.isFinite(this.#averageMs) ? this.#averageMs : durationMs;
    this.#averageMs = 0.8 * known + 0.2 * durationMs;
  }
}
