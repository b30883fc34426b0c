import { createReadStream } from 'node:fs';

/** A line without its line feed, and its length in bytes with it. */
export type Line = { text: string; bytes: number; whole: boolean };

/**
 * The lines of a file as a stream, ended by line feeds and nothing else: `node:readline` would also
 * split at the separators U+2028 and U+2029, which JSON leaves in strings as they are. The last line
 * may lack its line feed (`whole` is false). Throws the errors of the file system.
 */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path)) {
    let data = Buffer.concat([rest, chunk]);
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      yield { text: data.toString('utf8', 0, end), bytes: end + 1, whole: true };
      data = data.subarray(end + 1);
    }
    rest = data;
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), bytes: rest.length, whole: false };
}
