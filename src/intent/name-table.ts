import { randomInt } from 'node:crypto';
import { columnBuffer, giveBack, makeRoom } from './columns.ts';
import { keep, keepBytes, mostBytes } from './kept-names.ts';
import { NameBytes } from './name-bytes.ts';
import { close, hashOf, releasable, roomIn, wordsFor } from './name-words.ts';
import { NONE, NumberFinder } from './number-finder.ts';

const FIRST_SOUGHT_BYTES = 1024;

/**
 * Numbers for names, from 0 on without a gap, so that whatever is known of a million names can lie in
 * columns. A name costs its bytes and some 14 more, and is nothing for the garbage collector to look
 * at; as a string in a Map it costs three times as much.
 */
export class NameTable {
  readonly #finder = new NumberFinder((number) => this.#hashOf(number));
  readonly #bytes = new NameBytes();
  /** Where the bytes of a name lie. */
  readonly #places = new Uint32Array(columnBuffer(4));
  #size = 0;
  /** The name that is looked for. */
  #sought = releasable(wordsFor(FIRST_SOUGHT_BYTES));
  #soughtRoom = roomIn(this.#sought);
  #soughtWords = 0;
  /** What was found last, and its hash: what is deleted was mostly just found. */
  #found = NONE;
  #foundHash = 0;
  /** Makes it impossible to drop names that all have one hash. */
  readonly #seed = randomInt(2 ** 32);

  /** How many names there are; their numbers are all below it. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that are held for them. */
  get bytesHeld(): number {
    return this.#bytes.held + this.#places.byteLength + this.#finder.bytes;
  }

  /** A name's number, or -1. */
  find(name: string): number {
    return this.#size === 0 ? NONE : this.#find(this.#seek(name));
  }

  /** The same of a name in UTF-8 that lies in `bytes`, from `from` to before `end`. */
  findBytes(bytes: Buffer, from: number, end: number): number {
    return this.#size === 0 ? NONE : this.#find(this.#seekBytes(bytes, from, end));
  }

  /** A name's number, the next one where it had none. */
  add(name: string): number {
    return this.#add(this.#seek(name));
  }

  /** The same of a name in UTF-8 that lies in `bytes`, from `from` to before `end`. */
  addBytes(bytes: Buffer, from: number, end: number): number {
    return this.#add(this.#seekBytes(bytes, from, end));
  }

  /**
   * Forgets a name. That of the last number has this one from now on: gives the last number, so that
   * what is known of it can move too.
   */
  delete(number: number): number {
    const last = this.#size - 1;
    const place = this.#places[number] ?? 0;
    const hash = number === this.#found ? this.#foundHash : this.#hashOf(number);
    this.#found = NONE;
    this.#finder.delete(hash, number);
    if (number !== last) this.#finder.renumber(this.#hashOf(last), last, number);
    this.#places[number] = this.#places[last] ?? 0;
    this.#size = last;
    giveBack(last, [this.#places]);
    this.#bytes.drop(place);
    this.#bytes.gather((held) => this.#move(held));
    return last;
  }

  name(number: number): string {
    return this.#bytes.text(this.#places[number] ?? 0);
  }

  /** Less than 0 where the name of the first comes before that of the second, as strings compare. */
  compare(a: number, b: number): number {
    if (a === b) return 0;
    const difference = this.#bytes.difference(this.#places[a] ?? 0, this.#places[b] ?? 0);
    return difference !== 0 ? difference : this.name(a) < this.name(b) ? -1 : 1;
  }

  /** The number of the name that is looked for, which has this hash. */
  #find(hash: number): number {
    for (let number = this.#finder.first(hash); ; number = this.#finder.next()) {
      if (number !== NONE && !this.#isSought(number)) continue;
      this.#found = number;
      this.#foundHash = hash;
      return number;
    }
  }

  #add(hash: number): number {
    const known = this.#find(hash);
    if (known !== NONE) return known;
    const number = this.#size++;
    makeRoom(number, [this.#places]);
    this.#places[number] = this.#bytes.put(this.#sought, this.#soughtWords);
    this.#finder.add(hash, number);
    return number;
  }

  /** Moves the name at a place. */
  #move(place: number): void {
    const hash = this.#bytes.hash(place, this.#seed);
    for (let number = this.#finder.first(hash); number !== NONE; number = this.#finder.next()) {
      if (this.#places[number] !== place) continue;
      this.#places[number] = this.#bytes.move(place);
      return;
    }
  }

  #hashOf(number: number): number {
    return this.#bytes.hash(this.#places[number] ?? 0, this.#seed);
  }

  #isSought(number: number): boolean {
    return this.#bytes.equals(this.#places[number] ?? 0, this.#sought, this.#soughtWords);
  }

  /** Looks for this name from now on; gives its hash. */
  #seek(name: string): number {
    this.#makeSoughtRoom(mostBytes(name));
    return this.#closeSought(keep(name, this.#soughtRoom));
  }

  #seekBytes(bytes: Buffer, from: number, end: number): number {
    this.#makeSoughtRoom(end - from + 1);
    return this.#closeSought(keepBytes(bytes, from, end, this.#soughtRoom));
  }

  #makeSoughtRoom(bytes: number): void {
    if (bytes <= this.#soughtRoom.length) return;
    this.#sought = releasable(wordsFor(bytes));
    this.#soughtRoom = roomIn(this.#sought);
  }

  #closeSought(length: number): number {
    this.#soughtWords = close(this.#sought, length);
    return hashOf(this.#sought, 0, this.#soughtWords, this.#seed);
  }
}
