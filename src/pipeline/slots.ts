/**
 * A counted right to run: as many holders at a time as there are slots, and as many again while it
 * pays to prepare runs (to claim them and have them ready for a worker).
 */
export class Slots {
  #count: number;
  readonly #preparing: () => boolean;
  readonly #freed: () => void;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /**
   * `preparing` says whether it pays; `freed` is called when a slot has become free that nobody
   * waits for.
   */
  constructor(count: number, preparing: () => boolean, freed: () => void) {
    this.#count = count;
    this.#preparing = preparing;
    this.#freed = freed;
    this.#free = 2 * count;
  }

  /** How many more may begin. */
  get free(): number {
    return this.#preparing() ? this.#free : this.#free - this.#count;
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
    this.#handOut();
  }

  /** From now on there are so many: what is held beyond that is not given out again. */
  resize(count: number): void {
    this.#free += 2 * (count - this.#count);
    this.#count = count;
    this.#handOut();
  }

  #handOut(): void {
    while (this.free > 0 && this.#waiting.length > 0) {
      this.#free--;
      this.#waiting.shift()?.();
    }
    if (this.free > 0) this.#freed();
  }
}
