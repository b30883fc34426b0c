/** What decides about the turn of a run. */
type Waiting = {
  /** It may be what ended a worker: no other run shares its fate. */
  alone: boolean;
  /** Higher first. */
  priority: number;
};

/** Runs that no thread has yet: by priority, and those of one priority as they came. */
export class RunQueue<T extends Waiting> {
  readonly #runs: T[] = [];

  get size(): number {
    return this.#runs.length;
  }

  add(run: T): void {
    this.#insert(run, ({ priority }) => priority < run.priority);
  }

  /** Those that a thread has given back come before others of their priority. */
  putBack(runs: readonly T[]): void {
    for (const run of runs.toReversed()) {
      this.#insert(run, ({ priority }) => priority <= run.priority);
    }
  }

  /**
   * The next ones for one thread, at most `count`. What has to be alone waits for an idle thread, and
   * nothing is put behind it.
   */
  takeBatch(count: number, idle: boolean): T[] {
    const alone = this.#runs.findIndex(({ alone }) => alone);
    if (alone === 0) return idle ? this.#runs.splice(0, 1) : [];
    return this.#runs.splice(0, alone > 0 ? Math.min(count, alone) : count);
  }

  takeAll(): T[] {
    return this.#runs.splice(0);
  }

  #insert(run: T, comesAfter: (other: T) => boolean): void {
    const at = this.#runs.findIndex(comesAfter);
    this.#runs.splice(at < 0 ? this.#runs.length : at, 0, run);
  }
}
