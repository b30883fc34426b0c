import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A line without its line feed, and its length in bytes with it. */
export type Line = { text: string; bytes: number; whole: boolean };

/** Ends a line. */
export const LINE_FEED = 0x0a;

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
  for await (const { data, bytes, whole } of chunksOf(path, from)) {
    const isOne = data.at(-1) !== LINE_FEED;
    yield isOne ? [{ text: data.toString('utf8'), bytes, whole }] : wholeLines(data);
  }
}

/** Whole lines as they lie in the file, or (without a line feed) a single one, which has `bytes` there. */
export type Chunk = { data: Buffer; bytes: number; whole: boolean };

/** The same as bytes. They are good until the next chunk is asked for, and may be changed until then. */
export async function* chunksOf(path: string, from = 0): AsyncGenerator<Chunk> {
  const file = await openForReading(path);
  try {
    let position = from;
    let buffer = Buffer.allocUnsafeSlow(2 * CHUNK_BYTES);
    // What is read and not given yet: the beginning of a line.
    let filled = 0;
    for (;;) {
      if (filled + CHUNK_BYTES > buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      const { bytesRead } = await file.read(buffer, filled, CHUNK_BYTES, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const end = filled + bytesRead;
      const bytes = buffer.subarray(filled, end).lastIndexOf(LINE_FEED) + 1;
      const next = bytes > 0 ? filled + bytes : 0;
      if (next > 0) yield { data: buffer.subarray(0, next), bytes: next, whole: true };
      buffer.copyWithin(0, next, end);
      filled = end - next;
      if (filled <= LONGEST_LINE) continue;
      yield { data: buffer.subarray(0, 64), bytes: filled, whole: true };
      return;
    }
    if (filled > 0) yield { data: buffer.subarray(0, filled), bytes: filled, whole: false };
  } finally {
    await file.close();
  }
}

function wholeLines(data: Buffer): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < data.length; ) {
    const end = data.indexOf(LINE_FEED, from);
    lines.push({ text: data.toString('utf8', from, end), bytes: end + 1 - from, whole: true });
    from = end + 1;
  }
  return lines;
}
