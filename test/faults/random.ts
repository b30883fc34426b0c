import { env } from 'node:process';

/** Numbers that look random, and are the same again for the same seed (mulberry32). */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** From 0 up to, and without, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** A whole number, both ends included. */
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.whole(0, items.length - 1)] ?? items[0];
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, place: this.next() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }

  /** Another sequence, which does not depend on how far this one is used. */
  branch(number: number): Random {
    return new Random(this.seed ^ Math.imul(number, 0x9e3779b1));
  }
}

/** The seed in FAULTS_SEED, or a new one; whoever takes it prints it. */
export function chosenSeed(): number {
  const { FAULTS_SEED } = env;
  if (FAULTS_SEED === undefined) return Math.floor(Math.random() * 2 ** 32);
  if (!/^\d{1,10}$/.test(FAULTS_SEED)) throw new Error(`FAULTS_SEED=${FAULTS_SEED} is no number`);
  return Number(FAULTS_SEED);
}
