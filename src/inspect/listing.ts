import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isIntentName } from '../intent/names.ts';
import { entriesOf, errnoOf } from '../platform/index.ts';
import { isJournalSegment } from '../spool/layout.ts';

/**
 * The names in a directory as a stream, in Latin-1, one character a byte. None where the directory is
 * not there. Throws other errno errors.
 */
export async function* namesIn(directory: string): AsyncGenerator<string[]> {
  try {
    yield* entriesOf(directory);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
  }
}

/** How many intents lie in a directory, without a look at any of them. Throws errno errors. */
export async function countIntents(directory: string): Promise<number> {
  let count = 0;
  for await (const names of namesIn(directory)) count += names.filter(isIntentName).length;
  return count;
}

/** The paths of all journal files in a handoff directory. Throws errno errors. */
export async function journalFiles(handoff: string): Promise<string[]> {
  const found: string[] = [];
  for await (const names of namesIn(handoff)) {
    found.push(...names.filter((name) => name.startsWith('.') && isJournalSegment(name)));
  }
  return found.map((name) => join(handoff, name));
}

/** The path of a raw name that `namesIn` gave. */
export function rawPath(directory: string, rawName: string): Buffer {
  return Buffer.concat([Buffer.from(join(directory, '/')), Buffer.from(rawName, 'latin1')]);
}

/** When a file was last changed, in milliseconds since 1970; null where it is gone. */
export function modifiedMs(path: string | Buffer): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

/**
 * The text of a small file of ours; null where there is none, where it is no regular file, or larger
 * than `limit` bytes. Throws other errno errors.
 */
export function readSmall(path: string, limit: number): string | null {
  const file = openForLooking(path);
  if (file === null) return null;
  try {
    const found = fstatSync(file);
    if (!found.isFile() || found.size > limit) return null;
    const data = Buffer.alloc(found.size);
    return data.toString('utf8', 0, readSync(file, data, 0, data.length, 0));
  } finally {
    closeSync(file);
  }
}

function openForLooking(path: string): number | null {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  }
}
