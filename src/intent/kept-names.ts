import { difference, pack, unpack } from './name-letters.ts';

/**
 * Names as they are kept: UTF-8, and of those of intents, which nearly all are, only what lies between
 * `intent-` and `.json`, packed where its letters allow that. What is packed has a 1 before it, what is
 * kept whole a NUL.
 */
const PREFIX = Buffer.from('intent-');
const SUFFIX = Buffer.from('.json');
const WHOLE = 0;
const PACKED = 1;

const [prefix, suffix] = [PREFIX.toString(), SUFFIX.toString()];

/** A name is kept in at most so many bytes. */
export const mostBytes = (name: string): number => 3 * name.length + 1;

/** Writes a name into `kept` as it is kept; gives its length. */
export function keep(name: string, kept: Buffer): number {
  const isCut = name.startsWith(prefix) && name.endsWith(suffix) && isCuttable(name);
  if (!isCut) {
    kept[0] = WHOLE;
    return 1 + kept.write(name, 1);
  }
  const end = name.length - suffix.length;
  for (let index = prefix.length; index < end; index++) {
    const code = name.charCodeAt(index);
    if (code > 127) return kept.write(name.slice(prefix.length, end));
    kept[index - prefix.length] = code;
  }
  const bytes = packed(kept, 0, end - prefix.length, kept);
  return bytes > 0 ? bytes : kept.write(name.slice(prefix.length, end));
}

/** Something must be left, and must not begin as if it were whole or packed. */
function isCuttable(name: string): boolean {
  return name.length > prefix.length + suffix.length && name.charCodeAt(prefix.length) > PACKED;
}

/** Packs what is left of a name, if it can be packed; gives its length, or 0. */
function packed(bytes: Buffer, from: number, end: number, kept: Buffer): number {
  const length = pack(bytes, from, end, kept);
  if (length > 0) kept[0] = PACKED;
  return length;
}

/** The same of a name in UTF-8 that lies in `bytes`, from `from` to before `end`. */
export function keepBytes(bytes: Buffer, from: number, end: number, kept: Buffer): number {
  const [first, last] = [from + PREFIX.length, end - SUFFIX.length];
  const isCut =
    first < last &&
    (bytes[first] ?? 0) > PACKED &&
    lies(PREFIX, bytes, from) &&
    lies(SUFFIX, bytes, last);
  if (isCut) return packed(bytes, first, last, kept) || copy(bytes, first, last, kept, 0);
  kept[0] = WHOLE;
  return 1 + copy(bytes, from, end, kept, 1);
}

function lies(part: Buffer, bytes: Buffer, from: number): boolean {
  for (let index = 0; index < part.length; index++) {
    if (bytes[from + index] !== part[index]) return false;
  }
  return true;
}

/** Faster for a few bytes than what Buffer has for it. */
function copy(bytes: Buffer, from: number, end: number, kept: Buffer, to: number): number {
  for (let index = from; index < end; index++) kept[to + index - from] = bytes[index] ?? 0;
  return end - from;
}

/** Whether names that are kept with these first bytes are in the order of what is kept of them. */
export function isComparable(a: number | undefined, b: number | undefined): boolean {
  return a === b || ((a ?? 0) > PACKED && (b ?? 0) > PACKED);
}

/**
 * Less than 0 where the first of two comparable names comes before the second as JavaScript compares
 * strings. They begin at these places, and this byte is the first that differs; 0 where it does not tell.
 */
export function differenceAt(
  [a, fromA]: [Buffer, number],
  [b, fromB]: [Buffer, number],
  byte: number,
): number {
  if (a[fromA] !== PACKED) return rank(a[fromA + byte]) - rank(b[fromB + byte]);
  const pair = byte % 2 === 0 ? byte - 1 : byte;
  return difference(a, fromA + pair, b, fromB + pair);
}

/**
 * UTF-8 has the order of code points, strings that of UTF-16: what lies beyond U+FFFF, and begins
 * with F0 to F4, comes before U+E000 to U+FFFF there, which begin with EE and EF.
 */
function rank(byte = 0): number {
  return byte === 0xee || byte === 0xef ? byte + 16 : byte;
}

/** The name that is kept in these bytes. */
export function nameKept(bytes: Buffer, from: number, end: number): string {
  const first = from < end ? bytes[from] : undefined;
  if (first === WHOLE) return bytes.toString('utf8', from + 1, end);
  const cut = first === PACKED ? unpack(bytes, from + 1, end) : bytes.toString('utf8', from, end);
  return prefix + cut + suffix;
}
