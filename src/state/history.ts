import { NameTable } from '../intent/name-table.ts';
import { Outcomes, type PastOutcome } from './outcomes.ts';
import type { PlainEntry } from './plain-entry.ts';

export type { PastOutcome } from './outcomes.ts';

/**
 * The latest outcome of each name. A million of them must stay cheap, so names have numbers, and what
 * is known of them lies beside each other: about 45 bytes an entry instead of 300 as objects.
 */
export class History {
  readonly #names = new NameTable();
  readonly #outcomes = new Outcomes();

  get size(): number {
    return this.#names.size;
  }

  /** Bytes that are held for all entries. */
  get bytesHeld(): number {
    return this.#names.bytesHeld + this.#outcomes.bytesHeld;
  }

  get(name: string): PastOutcome | undefined {
    const number = this.#names.find(name);
    return number < 0 ? undefined : this.#outcomes.get(number);
  }

  /** Of a hash only what is kept of it. */
  set(name: string, outcome: PastOutcome): void {
    this.#outcomes.set(this.#names.add(name), outcome);
  }

  /** The same of an entry that lies in its line, where a million strings would take most of a start. */
  setPlain({ data, nameFrom, nameEnd, sha, succeeded, at }: PlainEntry): void {
    const number = this.#names.addBytes(data, nameFrom, nameEnd);
    this.#outcomes.setPlain(number, sha, succeeded, at);
  }

  /** Forgets what is older than `before` (milliseconds since 1970); returns how many. */
  prune(before: number): number {
    const { size } = this.#names;
    // From the last one down: a number that moves has been looked at.
    for (let number = size - 1; number >= 0; number--) {
      if (this.#outcomes.at(number) >= before) continue;
      this.#outcomes.replace(number, this.#names.delete(number));
    }
    return size - this.#names.size;
  }

  /**
   * All entries that there are throughout; of what changes meanwhile, what it was before or is then.
   * Where others are forgotten meanwhile, one may come twice: the later time it is as it is then.
   */
  *entries(): Generator<[string, PastOutcome]> {
    // A number only ever moves down, so that what has not come by now still comes.
    for (let number = this.#names.size - 1; number >= 0; number--) {
      if (number < this.#names.size) yield [this.#names.name(number), this.#outcomes.get(number)];
    }
  }
}
