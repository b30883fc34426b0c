/**
 * Names as they lie in memory: before the bytes their length, behind them zeros up to whole words, for
 * words are compared, copied and hashed four times as fast. The length is one byte; where that is all
 * ones, three more follow.
 */
const WORD = 4;
const LONG = 255;
const SHORT_HEAD = 1;
const LONG_HEAD = 4;
/** In place of a name's first byte; UTF-8 has none such. */
const DROPPED = 255;
const LONGEST = 2 ** 24 - 1;

/** Those of MurmurHash3. */
const MIXER = 0x85ebca6b;
const LAST_MIXER = 0xc2b2ae35;

/** A piece of memory as words and as bytes. */
export type Memory = { words: Uint32Array<ArrayBuffer>; bytes: Buffer<ArrayBuffer> };

/**
 * Memory that can be given back at once: by malloc it would wait for the garbage collector, and then
 * mostly stay with us. All names lie in such, for code that meets two kinds of it is much slower.
 */
export function releasable(words: number): Memory {
  const buffer = new ArrayBuffer(WORD * words, { maxByteLength: WORD * words });
  return { words: new Uint32Array(buffer), bytes: Buffer.from(buffer) };
}

/** So many words are enough for a name of `bytes` bytes. */
export const wordsFor = (bytes: number): number => Math.ceil((LONG_HEAD + bytes) / WORD);

/** Where the bytes of a name are to be written, before `close` is told how many they are and may move them. */
export const roomIn = ({ bytes }: Memory): Buffer =>
  bytes.subarray(SHORT_HEAD, bytes.length - (LONG_HEAD - SHORT_HEAD));

/** Puts its length before, and the zeros behind a name at the begin; gives how many words it takes. */
export function close({ bytes }: Memory, length: number): number {
  if (length > LONGEST) throw new RangeError('the name is too long');
  let end = SHORT_HEAD + length;
  if (length < LONG) {
    bytes[0] = length;
  } else {
    bytes.copyWithin(LONG_HEAD, SHORT_HEAD, end);
    bytes[0] = LONG;
    bytes.writeUIntLE(length, SHORT_HEAD, LONG_HEAD - SHORT_HEAD);
    end = LONG_HEAD + length;
  }
  const words = Math.ceil(end / WORD);
  while (end < WORD * words) bytes[end++] = 0;
  return words;
}

function lengthAt({ bytes }: Memory, at: number): number {
  const length = bytes[WORD * at] ?? 0;
  if (length < LONG) return length;
  return bytes.readUIntLE(WORD * at + SHORT_HEAD, LONG_HEAD - SHORT_HEAD);
}

/** How many words the name takes that begins at the word `at`. */
export function wordsAt(memory: Memory, at: number): number {
  const length = lengthAt(memory, at);
  return (length + (length < LONG ? SHORT_HEAD : LONG_HEAD) + WORD - 1) >> 2;
}

export function copyWords(from: Memory, at: number, to: Memory, toAt: number, words: number): void {
  for (let index = 0; index < words; index++) {
    to.words[toAt + index] = from.words[at + index] ?? 0;
  }
}

/** Names differ at their end more than at their beginning. */
export function isSame(a: Memory, atA: number, b: Memory, atB: number, words: number): boolean {
  if (a.words[atA] !== b.words[atB]) return false;
  for (let index = words - 1; index > 0; index--) {
    if (a.words[atA + index] !== b.words[atB + index]) return false;
  }
  return true;
}

export function hashOf({ words }: Memory, at: number, count: number, seed: number): number {
  let hash = seed;
  for (let index = at; index < at + count; index++) {
    hash = Math.imul(hash ^ (words[index] ?? 0), MIXER);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, LAST_MIXER);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The first and the last (not included) of its bytes. */
export function bytesAt(memory: Memory, at: number): [from: number, end: number] {
  const length = lengthAt(memory, at);
  const from = WORD * at + (length < LONG ? SHORT_HEAD : LONG_HEAD);
  return [from, from + length];
}

/** What is known without a look at each of the first `length` bytes: so many of two names are the same. */
export function sameBytes(a: Memory, atA: number, b: Memory, atB: number, length: number): number {
  const words = length / WORD;
  let same = 0;
  while (same < words && a.words[atA + same] === b.words[atB + same]) same++;
  // The first word has their length too.
  return same === 0 ? 0 : Math.min(length, WORD * same - (length < LONG ? SHORT_HEAD : LONG_HEAD));
}

/** Leaves of a name only how long it was. */
export function markDropped(memory: Memory, at: number): void {
  const [from] = bytesAt(memory, at);
  memory.bytes[from] = DROPPED;
}

export function isDropped(memory: Memory, at: number): boolean {
  const [from] = bytesAt(memory, at);
  return memory.bytes[from] === DROPPED;
}
