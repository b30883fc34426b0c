import { layoutOf } from '../../src/spool/layout.ts';
import type { Others } from '../../src/state/tails.ts';

/** Who lives on a directory, as everybody on it sees it at once. */
export class Fleet {
  readonly #handoff: string;
  /** The lives of those whose leases are in place. */
  readonly lives = new Map<string, string>();
  /** Dead ones that nobody has settled yet, with their heirs. */
  readonly estates = new Map<string, string>();
  looks = 0;
  graceMs = 0;

  constructor(handoff: string) {
    this.#handoff = handoff;
  }

  journalOf = (instance: string): string => layoutOf(this.#handoff, instance, 'life').journal;

  /** What the state of one of them is told of the others. */
  others(ours: string): Others {
    const names = () => {
      const settled = [...this.estates].filter(([, heir]) => heir !== ours);
      return [...this.lives.keys(), ...settled.map(([dead]) => dead)].filter(
        (name) => name !== ours,
      );
    };
    return {
      names,
      look: () => {
        this.looks++;
      },
      journalOf: this.journalOf,
      isOurs: (journal) => !names().some((name) => this.journalOf(name) === journal),
      isInPlace: (journal, life) =>
        [...this.lives].some(([name, its]) => {
          if (this.journalOf(name) !== journal) return false;
          return life === null ? name !== ours : its === life;
        }),
      leads: () => [...this.lives.keys()].every((name) => name >= ours),
      graceMs: this.graceMs,
    };
  }

  /** Declares one dead; `heir` settles what it has left. */
  bury(instance: string, heir: string): void {
    this.lives.delete(instance);
    this.estates.set(instance, heir);
  }
}
