import { differenceAt, isComparable, nameKept } from './kept-names.ts';
import {
  bytesAt,
  copyWords,
  hashOf,
  isDropped,
  isSame,
  type Memory,
  markDropped,
  releasable,
  sameBytes,
  wordsAt,
} from './name-words.ts';

const CHUNK_WORDS = 16 * 1024;

/** So much may be held in vain, however few names there are. */
const SPARE_WORDS = 2 * CHUNK_WORDS;

/** Names that lie one after the other, up to the word `used`; `live` words are of those still wanted. */
type Chunk = Memory & { used: number; live: number };

/**
 * The bytes of many names, as they are kept, in chunks that the garbage collector has nothing to look
 * for in. A chunk is let go with the last of its names: names that come together mostly go together.
 * For those that do not, what a chunk has left can be moved to where there is room.
 */
export class NameBytes {
  #chunks: (Chunk | null)[] = [];
  #freed: number[] = [];
  #current = -1;
  /** Words of all chunks, and of all names. */
  #held = 0;
  #live = 0;

  /** Bytes of all chunks. */
  get held(): number {
    return this.#held * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** Keeps a copy of a name of so many words; gives its place. */
  put(name: Memory, words: number): number {
    const place = this.#take(words);
    copyWords(name, 0, this.#at(place), place % CHUNK_WORDS, words);
    return place;
  }

  /** The name at a place is not wanted any more. */
  drop(place: number): void {
    const chunk = this.#at(place);
    const words = wordsAt(chunk, place % CHUNK_WORDS);
    markDropped(chunk, place % CHUNK_WORDS);
    chunk.live -= words;
    this.#live -= words;
    if (chunk.live > 0) return;
    const index = Math.floor(place / CHUNK_WORDS);
    // Where names come and go one by one, none of them needs a new chunk.
    if (index === this.#current && chunk.words.length === CHUNK_WORDS) chunk.used = 0;
    else this.#free(index, chunk);
  }

  /** Moves a name to where there is room; gives its place. */
  move(old: number): number {
    const chunk = this.#at(old);
    const words = wordsAt(chunk, old % CHUNK_WORDS);
    const place = this.#take(words);
    copyWords(chunk, old % CHUNK_WORDS, this.#at(place), place % CHUNK_WORDS, words);
    this.drop(old);
    return place;
  }

  /**
   * Where less than half of what is held is wanted, lets the emptiest chunk go: `move` is given the
   * place of each name that is left in it, and moves it.
   */
  gather(move: (place: number) => void): void {
    if (this.#held <= 2 * this.#live + SPARE_WORDS) return;
    const index = this.#emptiest();
    const chunk = this.#chunks[index];
    if (!chunk) return;
    for (let at = 0; chunk.live > 0; ) {
      const name = at;
      at += wordsAt(chunk, name);
      if (!isDropped(chunk, name)) move(index * CHUNK_WORDS + name);
    }
  }

  text(place: number): string {
    const chunk = this.#at(place);
    const [from, end] = bytesAt(chunk, place % CHUNK_WORDS);
    return nameKept(chunk.bytes, from, end);
  }

  equals(place: number, name: Memory, words: number): boolean {
    return isSame(this.#at(place), place % CHUNK_WORDS, name, 0, words);
  }

  hash(place: number, seed: number): number {
    const chunk = this.#at(place);
    const at = place % CHUNK_WORDS;
    return hashOf(chunk, at, wordsAt(chunk, at), seed);
  }

  /**
   * Less than 0 where the first comes before the second as JavaScript compares strings; 0 where that
   * is not told by a byte that both have.
   */
  difference(placeA: number, placeB: number): number {
    const [a, b] = [this.#at(placeA), this.#at(placeB)];
    const [fromA, endA] = bytesAt(a, placeA % CHUNK_WORDS);
    const [fromB, endB] = bytesAt(b, placeB % CHUNK_WORDS);
    if (!isComparable(a.bytes[fromA], b.bytes[fromB])) return 0;
    const length = Math.min(endA - fromA, endB - fromB);
    const same = sameBytes(a, placeA % CHUNK_WORDS, b, placeB % CHUNK_WORDS, length);
    for (let index = same; index < length; index++) {
      if (a.bytes[fromA + index] === b.bytes[fromB + index]) continue;
      return differenceAt([a.bytes, fromA], [b.bytes, fromB], index);
    }
    return 0;
  }

  #at(place: number): Chunk {
    const chunk = this.#chunks[Math.floor(place / CHUNK_WORDS)];
    if (!chunk) throw new Error('no name lies there');
    return chunk;
  }

  /** The place of so many words in the current chunk. */
  #take(words: number): number {
    let chunk = this.#chunks[this.#current];
    if (!chunk || chunk.used + words > chunk.words.length) {
      chunk = this.#begin(Math.max(CHUNK_WORDS, words));
    }
    const place = this.#current * CHUNK_WORDS + chunk.used;
    chunk.used += words;
    chunk.live += words;
    this.#live += words;
    return place;
  }

  #begin(words: number): Chunk {
    const last = this.#chunks[this.#current];
    if (last?.live === 0) this.#free(this.#current, last);
    const chunk = { ...releasable(words), used: 0, live: 0 };
    this.#current = this.#freed.pop() ?? this.#chunks.length;
    this.#chunks[this.#current] = chunk;
    this.#held += words;
    return chunk;
  }

  #free(index: number, chunk: Chunk): void {
    this.#held -= chunk.words.length;
    chunk.words.buffer.resize(0);
    this.#chunks[index] = null;
    this.#freed.push(index);
  }

  #emptiest(): number {
    let [emptiest, least] = [-1, Number.POSITIVE_INFINITY];
    for (const [index, chunk] of this.#chunks.entries()) {
      if (!chunk || index === this.#current || chunk.live >= least) continue;
      emptiest = index;
      least = chunk.live;
    }
    return emptiest;
  }
}
