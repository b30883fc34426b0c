import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A line without its line feed, and its length in bytes with it. */
export type Line = { text: string; bytes: number; whole: boolean };

const CHUNK_BYTES = 256 * 1024;

/** Far beyond any line of ours: what goes on longer is no text, such as the zeros of a sparse file. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** Opens a state file for reading: never through a link, nor waiting for the writer of a FIFO. */
export function openForReading(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
}

/**
 * The lines of a file from a byte on as a stream, ended by line feeds and nothing else: `node:readline` would also
 * split at the separators U+2028 and U+2029, which JSON leaves in strings as they are. The last line
 * may lack its line feed (`whole` is false). A line of more than 16 MiB is given by its beginning,
 * as a whole one, and nothing after it is read. Throws the errors of the file system.
 */
export async function* linesOf(path: string, from = 0): AsyncGenerator<Line> {
  for await (const batch of batchesOf(path, from)) yield* batch;
}

/** The same, many at a time: to wait for each one of a million would cost as much as to read it. */
export async function* batchesOf(path: string, from = 0): AsyncGenerator<Line[]> {
  const file = await openForReading(path);
  try {
    let position = from;
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest = Buffer.alloc(0);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      position += bytesRead;
      if (bytesRead === 0) break;
      const data = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const lines = wholeLines(data);
      yield lines;
      rest = data.subarray(lines.reduce((sum, { bytes }) => sum + bytes, 0));
      if (rest.length <= LONGEST_LINE) continue;
      yield [{ text: rest.toString('utf8', 0, 64), bytes: rest.length, whole: true }];
      return;
    }
    if (rest.length > 0) yield [{ text: rest.toString('utf8'), bytes: rest.length, whole: false }];
  } finally {
    await file.close();
  }
}

function wholeLines(data: Buffer): Line[] {
  const lines: Line[] = [];
  let from = 0;
  for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, from)) {
    lines.push({ text: data.toString('utf8', from, end), bytes: end + 1 - from, whole: true });
    from = end + 1;
  }
  return lines;
}
