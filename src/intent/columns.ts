/** Address space is set aside for this many numbers, memory only for those that there are. */
const MOST = 2 ** 26;

const FIRST = 256;

type Column = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/**
 * The buffer of a column, which has something for each number, `bytes` of it. It grows in its place:
 * a column of a million that is copied to grow lies in memory twice, until the garbage collector finds
 * the old one.
 */
export function columnBuffer(bytes: number): ArrayBuffer {
  return new ArrayBuffer(FIRST * bytes, { maxByteLength: MOST * bytes });
}

/** Makes room for a number in columns of the same length. */
export function makeRoom(number: number, columns: readonly Column[]): void {
  const [first] = columns;
  if (first === undefined || number < first.length) return;
  const length = Math.ceil(1.25 * (number + 1));
  for (const column of columns) column.buffer.resize(length * column.BYTES_PER_ELEMENT);
}
