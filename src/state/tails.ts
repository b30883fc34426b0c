import type { JournalRecord } from './records.ts';
import { sealedSegments } from './segments.ts';
import type { Covered } from './snapshot.ts';
import { Tail, type TailState } from './tail.ts';

/** What the state knows of the instances that share it. */
export type Others = {
  /** Instances that live, or that another one settles: none of them is ours to touch. */
  names(): readonly string[];
  /** Looks again who lives. Throws errno errors. */
  look(): void;
  journalOf(instance: string): string;
  /** Whether nobody but us has to do with a journal any more. Throws errno errors. */
  isOurs(journal: string): boolean;
  /** Whether the lease of that life, or of any where it is unknown, says that its writer lives. */
  isInPlace(journal: string, life: string | null): boolean;
  /** One instance at a time writes the snapshot. */
  leads(): boolean;
  /** So long a sealed segment is kept for those who have not read it: milliseconds. */
  graceMs: number;
};

/** The journals of the other instances, each read as far as it goes. */
export class Tails {
  readonly #others: Others;
  /** Where reading begins. */
  #covers: readonly Covered[];
  readonly #apply: (record: JournalRecord) => void;
  readonly #tails = new Map<string, Tail>();
  #applied = 0;
  #unknown: readonly string[] = [];

  constructor(others: Others, covers: readonly Covered[], apply: (record: JournalRecord) => void) {
    this.#others = others;
    this.#covers = covers;
    this.#apply = (record) => {
      this.#applied++;
      apply(record);
    };
  }

  /** Whether there is anything here that somebody else has written. */
  get any(): boolean {
    return this.#tails.size > 0;
  }

  /** Records read so far. */
  get applied(): number {
    return this.#applied;
  }

  /** How far each is read. */
  get positions(): Covered[] {
    return [...this.#tails].map(([instance, tail]) => ({ instance, ...tail.position }));
  }

  /** Reads on in all; false where it is not known yet how far one of them counts. */
  catchUp(): boolean {
    for (const instance of this.#others.names()) this.follow(instance);
    this.#unknown = [...this.#tails]
      .filter(([instance, tail]) => this.#readOn(instance, tail) === 'unknown')
      .map(([instance]) => instance);
    return this.#unknown.length === 0;
  }

  /** Instances of whose journals it was not known, at the latest reading, how far they count. */
  get unknown(): readonly string[] {
    return this.#unknown;
  }

  /** Reads an instance's journal from now on, also where nobody writes it any more. */
  follow(instance: string): void {
    if (!this.#tails.has(instance)) this.#tails.set(instance, this.#open(instance));
  }

  /** Sealed segments that are read to their end. Throws errno errors. */
  readSegments(): string[] {
    return [...this.#tails].flatMap(([instance, tail]) => {
      return sealedSegments(this.#others.journalOf(instance))
        .filter(({ number }) => number < tail.position.segment)
        .map(({ path }) => path);
    });
  }

  /** Lets go of those that have ended and left nothing. */
  forgetEnded(): void {
    const names = this.#others.names();
    for (const [instance, tail] of this.#tails) {
      if (names.includes(instance) || this.#readOn(instance, tail) !== 'ended') continue;
      if (sealedSegments(this.#others.journalOf(instance)).length > 0) continue;
      tail.close();
      this.#tails.delete(instance);
      this.#covers = this.#covers.filter((one) => one.instance !== instance);
    }
  }

  close(): void {
    for (const tail of this.#tails.values()) tail.close();
    this.#tails.clear();
  }

  #open(instance: string): Tail {
    const covered = this.#covers.filter((one) => one.instance === instance);
    const from = covered.reduce((a, b) => (b.segment > a.segment ? b : a), {
      segment: 0,
      bytes: 0,
    });
    return new Tail(this.#others.journalOf(instance), from, this.#apply);
  }

  #readOn(instance: string, tail: Tail): TailState {
    const journal = this.#others.journalOf(instance);
    return tail.catchUp((life) => this.#others.isInPlace(journal, life));
  }
}

/** Of a program that shares its state with nobody. */
export const nobody: Others = {
  names: () => [],
  look: () => {},
  journalOf: () => '',
  isOurs: () => true,
  isInPlace: () => false,
  leads: () => true,
  graceMs: 0,
};
