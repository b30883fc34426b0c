/**
 * Names as they are kept: UTF-8, and of those of intents, which nearly all are, only what lies between
 * `intent-` and `.json`. What is kept whole has a NUL before it.
 */
const PREFIX = Buffer.from('intent-');
const SUFFIX = Buffer.from('.json');
const WHOLE = 0;

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
  return end - prefix.length;
}

/** Something must be left, and must not begin as if it were whole. */
function isCuttable(name: string): boolean {
  return name.length > prefix.length + suffix.length && name.charCodeAt(prefix.length) !== WHOLE;
}

/** The same of a name in UTF-8 that lies in `bytes`, from `from` to before `end`. */
export function keepBytes(bytes: Buffer, from: number, end: number, kept: Buffer): number {
  const [first, last] = [from + PREFIX.length, end - SUFFIX.length];
  const isCut =
    first < last &&
    bytes[first] !== WHOLE &&
    lies(PREFIX, bytes, from) &&
    lies(SUFFIX, bytes, last);
  if (isCut) return copy(bytes, first, last, kept, 0);
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

/** Whether the bytes are those of a whole name. */
export const isWhole = (first: number | undefined): boolean => first === WHOLE;

/** The name that is kept in these bytes. */
export function nameKept(bytes: Buffer, from: number, end: number): string {
  if (from < end && isWhole(bytes[from])) return bytes.toString('utf8', from + 1, end);
  return prefix + bytes.toString('utf8', from, end) + suffix;
}
