import type { Dir } from 'node:fs';
import { opendir, readdir } from 'node:fs/promises';

/** So many are read from the kernel at a time. */
const ENTRIES_A_READ = 1000;

/** Deno gives names as text, whatever encoding is asked for. */
const asText = 'deno' in process.versions;

/**
 * The names in a directory, as they come from the kernel, many at a time: a list of a million would
 * take more memory than all that is done with it. In Latin-1, one character a byte, so that nothing is
 * lost of those that are not UTF-8. A disk that stalls holds up nobody but who waits for this. Where
 * few are `expected` they are read at once, for each step is a call of its own. Throws errno errors.
 */
export async function* entriesOf(
  path: string,
  expected = Number.POSITIVE_INFINITY,
): AsyncGenerator<string[]> {
  if (expected < ENTRIES_A_READ) {
    yield (await readdir(path, { encoding: 'latin1' })).map(inLatin1);
    return;
  }
  const directory = await opendir(path, { encoding: 'latin1', bufferSize: ENTRIES_A_READ });
  try {
    for (let isLarge = false; ; isLarge = true) {
      const names = await nextNames(directory, isLarge);
      if (names.length === 0) return;
      yield names;
    }
  } finally {
    await directory.close();
  }
}

/** In a large directory the others are there with the first: one promise for all of them. */
async function nextNames(directory: Dir, isLarge: boolean): Promise<string[]> {
  const names: string[] = [];
  while (names.length < ENTRIES_A_READ) {
    const isThere = isLarge && names.length > 0;
    const entry = isThere ? directory.readSync() : await directory.read();
    if (!entry) break;
    names.push(inLatin1(entry.name));
  }
  return names;
}

const inLatin1 = (name: string) => (asText ? Buffer.from(name).toString('latin1') : name);
