/** What decides about the turn of a run. */
type Waiting = {
  /** It may be what ended a worker: no other run shares its fate. */
  alone: boolean;
  /** Higher first. */
  priority: number;
  /** So many that came later have gone before it. */
  overtaken: number;
};

/** Nobody waits for more than so many that came later, however urgent: nothing starves. */
const OVERTAKEN_AT_MOST = 64;

/** Whether something of this priority may go before a run that waits already. */
export function givesWay(run: Pick<Waiting, 'priority' | 'overtaken'>, priority: number): boolean {
  return run.priority < priority && !isDue(run);
}

const isDue = ({ overtaken }: Pick<Waiting, 'overtaken'>) => overtaken >= OVERTAKEN_AT_MOST;

/** Runs that no thread has yet: by priority, and those of one priority as they came. */
export class RunQueue<T extends Waiting> {
  readonly #runs: T[] = [];

  get size(): number {
    return this.#runs.length;
  }

  add(run: T): void {
    const at = this.#runs.findLastIndex((other) => !givesWay(other, run.priority)) + 1;
    for (let behind = at; behind < this.#runs.length; behind++) {
      const other = this.#runs[behind];
      if (other) other.overtaken++;
    }
    this.#runs.splice(at, 0, run);
  }

  /** Those that a thread has given back come before others of their priority. */
  putBack(runs: readonly T[]): void {
    for (const run of runs.toReversed()) {
      const before = (other: T) => other.priority > run.priority || isDue(other);
      const at = isDue(run) ? 0 : this.#runs.findLastIndex(before) + 1;
      run.overtaken += at;
      this.#runs.splice(at, 0, run);
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
}
