/** Address space is set aside for this many numbers, memory only for those that there are. */
const MOST = 2 ** 26;

const FIRST = 256;

/** So much more than is used there may be room for, and so much there is after a change. */
const MOST_ROOM = 1.25;
const ROOM = 1.125;

/** A typed array that is as long as its buffer, or what looks like one. */
type Column = {
  readonly buffer: ArrayBuffer;
  readonly length: number;
  readonly BYTES_PER_ELEMENT: number;
};

/**
 * The buffer of a column, which has something for each number, `bytes` of it. It grows and shrinks in
 * its place: a column of a million that is copied to grow lies in memory twice, until the garbage
 * collector finds the old one. What it shrinks by, the system has back at once.
 */
export function columnBuffer(bytes: number): ArrayBuffer {
  return new ArrayBuffer(FIRST * bytes, { maxByteLength: MOST * bytes });
}

/** Makes room for a number in columns of the same length. */
export function makeRoom(number: number, columns: readonly Column[]): void {
  const [first] = columns;
  if (first !== undefined && number >= first.length)
    resize(Math.min(MOST, Math.ceil(ROOM * (number + 1))), columns);
}

/** Gives back what columns of the same length have beyond the first `used` numbers, but for some room. */
export function giveBack(used: number, columns: readonly Column[]): void {
  const [first] = columns;
  if (first === undefined || first.length <= Math.max(FIRST, MOST_ROOM * used)) return;
  resize(Math.max(FIRST, Math.ceil(ROOM * used)), columns);
}

function resize(length: number, columns: readonly Column[]): void {
  for (const column of columns) column.buffer.resize(length * column.BYTES_PER_ELEMENT);
}
