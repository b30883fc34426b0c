/**
 * The numbers are found by so many tables, each for the hashes that begin with its number: one that
 * grows stops everything for a moment, and that of all of a million would take 100 ms.
 */
const TABLES = 64;
const TABLE_SHIFT = 26;
const FIRST_PLACES = 8;

/** Of a table's places; one that has just grown, or shrunk, is far from both. */
const MOST_FILLED = 0.75;
const LEAST_FILLED = 0.3;

/** There is no such number; in a table, nothing lies in that place. */
export const NONE = -1;

/** What lies in a place: a number and, above it, how far that lies behind where its hash belongs. */
const DISTANCE_SHIFT = 26;
const NUMBER = 2 ** DISTANCE_SHIFT - 1;

/** So far or farther. */
const FAR = 31;

/**
 * Finds numbers by a hash of what they stand for. The hashes are kept nowhere, they are asked for
 * where one is needed: how far a number lies from where it belongs tells most that do not have the
 * hash that is looked for, and is enough to close a gap.
 */
export class NumberFinder {
  /** Numbers in the order of their hashes: each lies in its place or, where that is taken, after it. */
  readonly #tables = Array.from({ length: TABLES }, () => new Int32Array(FIRST_PLACES).fill(NONE));
  /** How many lie in each table. */
  readonly #sizes = new Uint32Array(TABLES);
  readonly #hashOf: (number: number) => number;
  /** Where the search is. */
  #table = this.#tableOf(0);
  #at = 0;
  #distance = 0;

  constructor(hashOf: (number: number) => number) {
    this.#hashOf = hashOf;
  }

  /** Bytes of all tables. */
  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.byteLength, 0);
  }

  /** The first number that may have this hash, or -1. */
  first(hash: number): number {
    this.#table = this.#tableOf(hash);
    this.#at = (hash & (this.#table.length - 1)) - 1;
    this.#distance = -1;
    return this.next();
  }

  /** The next one after that. */
  next(): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let distance = this.#distance + 1, at = this.#at + 1; ; distance++, at++) {
      const found = table[at & mask] ?? NONE;
      if (found !== NONE && found >> DISTANCE_SHIFT !== Math.min(distance, FAR)) continue;
      this.#at = at & mask;
      this.#distance = distance;
      return found === NONE ? NONE : found & NUMBER;
    }
  }

  /** Puts in a number that is not in. */
  add(hash: number, number: number): void {
    const index = hash >>> TABLE_SHIFT;
    const size = this.#count(index, 1);
    const table = this.#tableOf(hash);
    if (size > MOST_FILLED * table.length)
      this.#tables[index] = this.#resized(table, 2 * table.length);
    put(this.#tableOf(hash), hash, number);
  }

  /** Takes out a number that is in. */
  delete(hash: number, number: number): void {
    this.#seek(hash, number);
    this.#closeGap(this.#table, this.#at);
    const index = hash >>> TABLE_SHIFT;
    const size = this.#count(index, -1);
    const { length } = this.#table;
    if (length > FIRST_PLACES && size < LEAST_FILLED * length) {
      this.#tables[index] = this.#resized(this.#table, length / 2);
    }
  }

  /** A number that is in becomes another. */
  renumber(hash: number, from: number, to: number): void {
    this.#seek(hash, from);
    this.#table[this.#at] = placed(to, this.#distance);
  }

  #seek(hash: number, number: number): void {
    for (let found = this.first(hash); found !== number; found = this.next()) {
      if (found === NONE) throw new Error('the number is not in');
    }
  }

  /** Whatever lies behind the gap and could lie in it moves there. */
  #closeGap(table: Int32Array, from: number): void {
    const mask = table.length - 1;
    let gap = from;
    for (let at = (gap + 1) & mask; table[at] !== NONE; at = (at + 1) & mask) {
      const number = (table[at] ?? 0) & NUMBER;
      const distance = this.#distanceAt(table, at);
      const nearer = (at - gap) & mask;
      if (distance < nearer) continue;
      table[gap] = placed(number, distance - nearer);
      gap = at;
    }
    table[gap] = NONE;
  }

  #distanceAt(table: Int32Array, at: number): number {
    const found = table[at] ?? 0;
    const distance = found >> DISTANCE_SHIFT;
    return distance < FAR ? distance : (at - this.#hashOf(found & NUMBER)) & (table.length - 1);
  }

  #count(index: number, change: 1 | -1): number {
    const size = (this.#sizes[index] ?? 0) + change;
    this.#sizes[index] = size;
    return size;
  }

  #tableOf(hash: number): Int32Array {
    const table = this.#tables[hash >>> TABLE_SHIFT];
    if (!table) throw new Error('there is no such hash');
    return table;
  }

  #resized(old: Int32Array, places: number): Int32Array<ArrayBuffer> {
    const table = new Int32Array(places).fill(NONE);
    for (const found of old) {
      if (found !== NONE) put(table, this.#hashOf(found & NUMBER), found & NUMBER);
    }
    return table;
  }
}

function put(table: Int32Array, hash: number, number: number): void {
  const mask = table.length - 1;
  let distance = 0;
  while (table[(hash + distance) & mask] !== NONE) distance++;
  table[(hash + distance) & mask] = placed(number, distance);
}

function placed(number: number, distance: number): number {
  return (Math.min(distance, FAR) << DISTANCE_SHIFT) | number;
}
