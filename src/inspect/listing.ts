import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { isIntentName } from '../intent/names.ts';
import { errnoOf } from '../platform/index.ts';
import { isJournalSegment } from '../spool/layout.ts';

/** Names that are read before others have a turn: a directory may hold a million. */
const NAMES_A_TURN = 10_000;
const NAMES_A_READ = 1024;

/**
 * The names in a directory as a stream, in Latin-1, one character a byte. None where the directory is
 * not there. Throws other errno errors.
 */
export async function* namesIn(directory: string): AsyncGenerator<string[]> {
  const entries = openIfThere(directory);
  if (entries === null) return;
  try {
    for (;;) {
      const names: string[] = [];
      while (names.length < NAMES_A_TURN) {
        const entry = entries.readSync();
        if (entry === null) break;
        names.push(entry.name);
      }
      if (names.length === 0) return;
      yield names;
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    entries.closeSync();
  }
}

function openIfThere(directory: string) {
  try {
    return opendirSync(directory, { encoding: 'latin1', bufferSize: NAMES_A_READ });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
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
