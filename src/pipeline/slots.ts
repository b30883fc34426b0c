/** A counted right to run, or to be claimed and ready for a worker. */
export class Slots {
  readonly #limit: () => number;
  readonly #freed: () => void;
  readonly #reserve: () => number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * `limit` says how many there are at the moment; `freed` is called when a slot has become free that
   * nobody waits for; `reserve` says how many more there are for what is urgent.
   */
  constructor(limit: () => number, freed: () => void, reserve: () => number = () => 0) {
    this.#limit = limit;
    this.#freed = freed;
    this.#reserve = reserve;
  }

  /** How many more may begin; less than none where the limit has fallen. */
  get free(): number {
    return this.#limit() - this.#taken;
  }

  /** How many more may begin that are urgent. */
  get freeForUrgent(): number {
    return this.free + this.#reserve();
  }

  /** Takes one of those that are free. */
  takeFree(): void {
    this.#taken++;
  }

  /** Takes a slot, waiting for one if need be: those who wait come before those who ask `free`. */
  take(): Promise<void> | undefined {
    if (this.free > 0) {
      this.#taken++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    this.#taken--;
    this.#handOut();
  }

  /** The limit may have risen. */
  relimited(): void {
    this.#handOut();
  }

  #handOut(): void {
    while (this.free > 0 && this.#waiting.length > 0) {
      this.#taken++;
      this.#waiting.shift()?.();
    }
    if (this.freeForUrgent > 0) this.#freed();
  }
}
