import { crc32 } from 'node:zlib';
import { KEPT_BYTES } from './kept-hash.ts';
import { LINE_FEED } from './lines.ts';

const BEGIN = Buffer.from('["');
const BETWEEN = Buffer.from('","');
const BEFORE_TIME = Buffer.from('",');
const BEFORE_SUM = Buffer.from(',"');
const END = Buffer.from('"]');

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const CLOSING = 0x5d;
const LETTER_F = 0x66;
const LETTER_S = 0x73;
const LAST_OF_ASCII = 0x7f;

const SHA_BYTES = 32;
const SUM_BYTES = 4;

/** So many are a number that is exact. */
const MOST_DIGITS = 15;

const NO_DIGIT = 16;
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (const [value, code] of Buffer.from('0123456789abcdef').entries()) DIGITS[code] = value;

/**
 * An entry of the snapshot, read from the bytes of its line without a string or an object being made:
 * of a million that is most of the start. It takes only what is byte for byte as we write it, with a
 * name that needs no decoding and a SHA-256, whole as earlier snapshots have it or what is kept of it.
 * Any other line, sound or not, is left to be read as JSON;
 * of each line that it takes, that would give the same.
 */
export class PlainEntry {
  /** Where the name lies, in ASCII: from `nameFrom` to before `nameEnd`. */
  data: Buffer = Buffer.alloc(0);
  nameFrom = 0;
  nameEnd = 0;
  readonly #hash = Buffer.alloc(SHA_BYTES);
  /** What is kept of the SHA-256. */
  readonly sha = this.#hash.subarray(0, KEPT_BYTES);
  succeeded = false;
  /** Milliseconds since 1970. */
  at = 0;
  readonly #sum = Buffer.alloc(SUM_BYTES);

  /** Reads the line that begins at `from`; gives where the next one begins, or 0 where it takes it not. */
  read(data: Buffer, from: number): number {
    this.data = data;
    this.nameFrom = from + BEGIN.length;
    this.nameEnd = endOfName(data, this.nameFrom);
    const shaFrom = this.nameEnd + BETWEEN.length;
    const isWhole = data[shaFrom + 2 * KEPT_BYTES] !== QUOTE;
    const shaBytes = isWhole ? SHA_BYTES : KEPT_BYTES;
    const shaEnd = shaFrom + 2 * shaBytes;
    const kindAt = shaEnd + BETWEEN.length;
    const timeFrom = kindAt + 1 + BEFORE_TIME.length;
    const timeEnd = endOfTime(data, timeFrom);
    const sumFrom = timeEnd + BEFORE_SUM.length;
    const sumEnd = sumFrom + 2 * SUM_BYTES;
    const isTaken =
      has(data, from, BEGIN) &&
      has(data, this.nameEnd, BETWEEN) &&
      readHex(data, shaFrom, this.#hash, shaBytes) &&
      has(data, shaEnd, BETWEEN) &&
      this.#readKind(data[kindAt]) &&
      has(data, kindAt + 1, BEFORE_TIME) &&
      this.#readTime(data, timeFrom, timeEnd) &&
      has(data, timeEnd, BEFORE_SUM) &&
      readHex(data, sumFrom, this.#sum, SUM_BYTES) &&
      has(data, sumEnd, END) &&
      this.#sum.readUInt32BE() === checksumOfArray(data, from, timeEnd);
    const end = sumEnd + END.length;
    const next = data[end] === COMMA ? end + 1 : end;
    return isTaken && data[next] === LINE_FEED ? next + 1 : 0;
  }

  #readKind(letter: number | undefined): boolean {
    this.succeeded = letter === LETTER_S;
    return letter === LETTER_S || letter === LETTER_F;
  }

  #readTime(data: Buffer, from: number, end: number): boolean {
    if (end === from || end - from > MOST_DIGITS) return false;
    if (data[from] === ZERO && end - from > 1) return false;
    this.at = 0;
    for (let index = from; index < end; index++) this.at = 10 * this.at + (data[index] ?? 0) - ZERO;
    return true;
  }
}

function endOfName(data: Buffer, from: number): number {
  for (let index = from; ; index++) {
    const byte = data[index] ?? 0;
    if (byte < SPACE || byte > LAST_OF_ASCII || byte === QUOTE || byte === BACKSLASH) return index;
  }
}

function endOfTime(data: Buffer, from: number): number {
  let end = from;
  while ((DIGITS[data[end] ?? 0] ?? NO_DIGIT) < 10) end++;
  return end;
}

function has(data: Buffer, from: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) {
    if (data[from + index] !== bytes[index]) return false;
  }
  return true;
}

/** Reads `bytes` pairs of lower-case hex digits; false where one is none. */
function readHex(data: Buffer, from: number, into: Buffer, bytes: number): boolean {
  let all = 0;
  for (let index = 0; index < bytes; index++) {
    const high = DIGITS[data[from + 2 * index] ?? 0] ?? NO_DIGIT;
    const low = DIGITS[data[from + 2 * index + 1] ?? 0] ?? NO_DIGIT;
    all |= high | low;
    into[index] = (high << 4) | low;
  }
  return all < NO_DIGIT;
}

/** Of the array that ends before its checksum: its bracket stands for the comma for so long. */
function checksumOfArray(data: Buffer, from: number, end: number): number {
  data[end] = CLOSING;
  const sum = crc32(data.subarray(from, end + 1));
  data[end] = COMMA;
  return sum;
}
