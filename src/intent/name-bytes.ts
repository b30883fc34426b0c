import { isWhole, nameKept } from './kept-names.ts';

const CHUNK_BYTES = 256 * 1024;

/** Names that lie one after the other in one piece of memory, and how many of them are still wanted. */
type Chunk = { bytes: Buffer; names: number };

/**
 * The bytes of many names, as they are kept, in chunks that the garbage collector has nothing to look for in. A chunk is
 * let go with the last of its names: names that come together mostly go together.
 */
export class NameBytes {
  #chunks: (Chunk | null)[] = [];
  #freed: number[] = [];
  #current = -1;
  #end = 0;

  /** Keeps a copy of the first bytes of `name`; gives its place. */
  put(name: Buffer, length: number): number {
    let chunk = this.#chunks[this.#current];
    if (!chunk || this.#end + length > chunk.bytes.length) {
      chunk = this.#begin(Math.max(CHUNK_BYTES, length));
    }
    name.copy(chunk.bytes, this.#end, 0, length);
    chunk.names++;
    const place = this.#current * CHUNK_BYTES + this.#end;
    this.#end += length;
    return place;
  }

  /** The name at a place is not wanted any more. */
  drop(place: number): void {
    const index = Math.floor(place / CHUNK_BYTES);
    const chunk = this.#chunks[index];
    if (!chunk || --chunk.names > 0) return;
    if (index === this.#current) this.#end = 0;
    else this.#free(index);
  }

  text(place: number, length: number): string {
    const from = place % CHUNK_BYTES;
    return nameKept(this.#at(place), from, from + length);
  }

  equals(place: number, name: Buffer, length: number): boolean {
    const bytes = this.#at(place);
    const from = place % CHUNK_BYTES;
    for (let index = 0; index < length; index++) {
      if (bytes[from + index] !== name[index]) return false;
    }
    return true;
  }

  /**
   * Less than 0 where the first comes before the second as JavaScript compares strings; 0 where that
   * is not told by a byte that both have.
   */
  difference(placeA: number, lengthA: number, placeB: number, lengthB: number): number {
    const [a, b] = [this.#at(placeA), this.#at(placeB)];
    const [fromA, fromB] = [placeA % CHUNK_BYTES, placeB % CHUNK_BYTES];
    if (isWhole(a[fromA]) !== isWhole(b[fromB])) return 0;
    for (let index = 0; index < lengthA && index < lengthB; index++) {
      const difference = rank(a[fromA + index]) - rank(b[fromB + index]);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #at(place: number): Buffer {
    const chunk = this.#chunks[Math.floor(place / CHUNK_BYTES)];
    if (!chunk) throw new Error('no name lies there');
    return chunk.bytes;
  }

  #begin(size: number): Chunk {
    if (this.#chunks[this.#current]?.names === 0) this.#free(this.#current);
    const chunk = { bytes: Buffer.allocUnsafeSlow(size), names: 0 };
    this.#current = this.#freed.pop() ?? this.#chunks.length;
    this.#chunks[this.#current] = chunk;
    this.#end = 0;
    return chunk;
  }

  #free(index: number): void {
    this.#chunks[index] = null;
    this.#freed.push(index);
  }
}

/**
 * UTF-8 has the order of code points, strings that of UTF-16: what lies beyond U+FFFF, and begins
 * with F0 to F4, comes before U+E000 to U+FFFF there, which begin with EE and EF.
 */
function rank(byte = 0): number {
  return byte === 0xee || byte === 0xef ? byte + 16 : byte;
}
