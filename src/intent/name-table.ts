import { randomInt } from 'node:crypto';
import { columnBuffer, makeRoom } from './columns.ts';
import { keep, keepBytes, mostBytes } from './kept-names.ts';
import { NameBytes } from './name-bytes.ts';

/**
 * The numbers are found by so many tables, each for the hashes that begin with its number: one that
 * grows stops everything for a moment, and that of all of a million would take 60 ms.
 */
const TABLES = 64;
const TABLE_SHIFT = 26;
const FIRST_PLACES = 8;
const NONE = -1;

/** Of the hash FNV-1a, and of the mixing at its end. */
const PRIME = 0x01000193;
const MIXER = 0x85ebca6b;

/**
 * Numbers for names, small and dense, so that whatever is known of a million names can lie in
 * columns. A name costs its bytes and some 25 more, and is nothing for the garbage collector to look
 * at; as a string in a Map it costs three times as much.
 */
export class NameTable {
  #size = 0;
  /** Numbers in the order of their hashes: each lies in its place or, where that is taken, after it. */
  readonly #tables = Array.from({ length: TABLES }, () => noNumbers(FIRST_PLACES));
  /** How many lie in each table. */
  readonly #sizes = new Uint32Array(TABLES);
  readonly #bytes = new NameBytes();
  readonly #hashes = new Uint32Array(columnBuffer(4));
  readonly #lengths = new Uint32Array(columnBuffer(4));
  /** Where the bytes of a name lie; of a number that is free, one more than the next such number. */
  readonly #places = new Uint32Array(columnBuffer(4));
  #end = 0;
  /** One more than the first free number; 0 where there is none. */
  #free = 0;
  /** The name that is looked for. */
  #sought = Buffer.alloc(1024);
  #length = 0;
  /** Makes it impossible to drop names that all have one hash. */
  readonly #seed = randomInt(2 ** 32);

  get size(): number {
    return this.#size;
  }

  /** All numbers that are given are below it. */
  get end(): number {
    return this.#end;
  }

  /** A name's number, or -1. */
  find(name: string): number {
    if (this.#size === 0) return NONE;
    const hash = this.#seek(name);
    const table = this.#tableOf(hash);
    return table[this.#locate(table, hash)] ?? NONE;
  }

  /** A name's number, a free one where it had none. */
  add(name: string): number {
    return this.#add(this.#seek(name));
  }

  /** The same of a name in UTF-8 that lies in `bytes`, from `from` to before `end`. */
  addBytes(bytes: Buffer, from: number, end: number): number {
    this.#makeSoughtRoom(end - from + 1);
    this.#length = keepBytes(bytes, from, end, this.#sought);
    return this.#add(this.#hashSought());
  }

  /** The number is free from now on. */
  delete(number: number): void {
    const hash = this.#hashes[number] ?? 0;
    const table = this.#tableOf(hash);
    const mask = table.length - 1;
    let gap = hash & mask;
    while (table[gap] !== number) gap = (gap + 1) & mask;
    // Whatever lies behind the gap and could lie in it moves there.
    for (let at = (gap + 1) & mask; table[at] !== NONE; at = (at + 1) & mask) {
      const home = (this.#hashes[table[at] ?? 0] ?? 0) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      table[gap] = table[at] ?? NONE;
      gap = at;
    }
    table[gap] = NONE;
    this.#bytes.drop(this.#places[number] ?? 0);
    this.#places[number] = this.#free;
    this.#free = number + 1;
    this.#count(hash, -1);
  }

  name(number: number): string {
    return this.#bytes.text(this.#places[number] ?? 0, this.#lengths[number] ?? 0);
  }

  /** Less than 0 where the name of the first comes before that of the second, as strings compare. */
  compare(a: number, b: number): number {
    if (a === b) return 0;
    const [placeA = 0, placeB = 0] = [this.#places[a], this.#places[b]];
    const [lengthA = 0, lengthB = 0] = [this.#lengths[a], this.#lengths[b]];
    const difference = this.#bytes.difference(placeA, lengthA, placeB, lengthB);
    return difference !== 0 ? difference : this.name(a) < this.name(b) ? -1 : 1;
  }

  /** The number of the name that is looked for, which has this hash. */
  #add(hash: number): number {
    const table = this.#roomyTableOf(hash);
    const place = this.#locate(table, hash);
    const known = table[place] ?? NONE;
    if (known !== NONE) return known;
    const number = this.#take();
    this.#hashes[number] = hash;
    this.#lengths[number] = this.#length;
    this.#places[number] = this.#bytes.put(this.#sought, this.#length);
    table[place] = number;
    this.#count(hash, 1);
    return number;
  }

  #tableOf(hash: number): Int32Array {
    const table = this.#tables[hash >>> TABLE_SHIFT];
    if (!table) throw new Error('there is no such hash');
    return table;
  }

  /** It has room for one more. */
  #roomyTableOf(hash: number): Int32Array {
    const table = this.#tableOf(hash);
    const size = this.#sizes[hash >>> TABLE_SHIFT] ?? 0;
    if (2 * size < table.length - 2) return table;
    const larger = this.#rehashed(table);
    this.#tables[hash >>> TABLE_SHIFT] = larger;
    return larger;
  }

  #count(hash: number, change: 1 | -1): void {
    const index = hash >>> TABLE_SHIFT;
    this.#sizes[index] = (this.#sizes[index] ?? 0) + change;
    this.#size += change;
  }

  /** Where in its table the name is that is looked for, or the gap where it would be. */
  #locate(table: Int32Array, hash: number): number {
    const mask = table.length - 1;
    let at = hash & mask;
    for (let number = table[at] ?? NONE; number !== NONE; number = table[at] ?? NONE) {
      if (this.#hashes[number] === hash && this.#isSought(number)) break;
      at = (at + 1) & mask;
    }
    return at;
  }

  #isSought(number: number): boolean {
    if (this.#lengths[number] !== this.#length) return false;
    return this.#bytes.equals(this.#places[number] ?? 0, this.#sought, this.#length);
  }

  /** Looks for this name from now on; gives its hash. */
  #seek(name: string): number {
    this.#makeSoughtRoom(mostBytes(name));
    this.#length = keep(name, this.#sought);
    return this.#hashSought();
  }

  #makeSoughtRoom(bytes: number): void {
    if (bytes > this.#sought.length) this.#sought = Buffer.alloc(bytes);
  }

  #hashSought(): number {
    let hash = this.#seed;
    for (let index = 0; index < this.#length; index++) {
      hash = Math.imul(hash ^ (this.#sought[index] ?? 0), PRIME);
    }
    hash = Math.imul(hash ^ (hash >>> 16), MIXER);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #take(): number {
    if (this.#free > 0) {
      const number = this.#free - 1;
      this.#free = this.#places[number] ?? 0;
      return number;
    }
    makeRoom(this.#end, [this.#hashes, this.#lengths, this.#places]);
    return this.#end++;
  }

  #rehashed(numbers: Int32Array): Int32Array {
    const table = noNumbers(2 * numbers.length);
    const mask = table.length - 1;
    for (const number of numbers) {
      if (number === NONE) continue;
      let at = (this.#hashes[number] ?? 0) & mask;
      while (table[at] !== NONE) at = (at + 1) & mask;
      table[at] = number;
    }
    return table;
  }
}

function noNumbers(places: number): Int32Array {
  return new Int32Array(places).fill(NONE);
}
