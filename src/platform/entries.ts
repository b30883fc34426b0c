import { opendirSync } from 'node:fs';

/** So many are read from the kernel at a time. */
const ENTRIES_A_READ = 1000;

/** Deno gives names as text, whatever encoding is asked for. */
const asText = 'deno' in process.versions;

/**
 * The names in a directory, as they come from the kernel: a list of a million would take more memory
 * than all that is done with it. In Latin-1, one character a byte, so that nothing is lost of those
 * that are not UTF-8. Throws errno errors.
 */
export function* entriesOf(path: string): Generator<string> {
  const directory = opendirSync(path, { encoding: 'latin1', bufferSize: ENTRIES_A_READ });
  try {
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      yield asText ? Buffer.from(entry.name).toString('latin1') : entry.name;
    }
  } finally {
    directory.closeSync();
  }
}
