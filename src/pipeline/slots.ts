/** A counted right to run: as many holders at a time as there are slots. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Slots that nobody holds and nobody waits for. */
  get free(): number {
    return this.#free;
  }

  /** Takes a slot, waiting for one if need be. Those who wait are served before `free` shows one. */
  take(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
