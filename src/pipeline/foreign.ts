import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/** A look considers this many names before others have a turn. */
const NAMES_A_TURN = 1000;

type Dropped = { name: string; time: number };

/**
 * Files in handoff that are read and belong to targets of other instances: they are left to those,
 * until it is our turn or they change.
 */
export class Foreign {
  readonly #handoff: string;
  readonly #times = new Map<string, number>();

  constructor(handoff: string) {
    this.#handoff = handoff;
  }

  get size(): number {
    return this.#times.size;
  }

  has(name: string): boolean {
    return this.#times.has(name);
  }

  timeOf(name: string): number | undefined {
    return this.#times.get(name);
  }

  add({ name, time }: Dropped): void {
    this.#times.set(name, time);
  }

  delete(name: string): void {
    this.#times.delete(name);
  }

  /** Lets go of all: they have to be read again. */
  takeAll(): Dropped[] {
    const all = [...this.#times].map(([name, time]) => ({ name, time }));
    this.#times.clear();
    return all;
  }

  /** Forgets those that are gone or were replaced without news of it. Throws errno errors. */
  async verify(): Promise<void> {
    const names = [...this.#times.keys()];
    for (let from = 0; from < names.length; from += NAMES_A_TURN) {
      for (const name of names.slice(from, from + NAMES_A_TURN)) {
        const found = lstatSync(join(this.#handoff, name), { throwIfNoEntry: false });
        if (found?.mtimeMs !== this.#times.get(name)) this.#times.delete(name);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
