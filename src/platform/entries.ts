import type { Dir } from 'node:fs';
import { open, opendir, readdir, statfs } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getdents, type PassOver } from './getdents.ts';
import { networkTypeOf } from './linux.ts';

/** So many are read from the kernel at a time. */
const ENTRIES_A_READ = 1000;

/** Deno gives names as text, whatever encoding is asked for. */
const asText = 'deno' in process.versions;

const options = { encoding: 'latin1', bufferSize: ENTRIES_A_READ } as const;

type EntriesOptions = {
  /** Few are read at once, for each step is a call of its own. */
  expected?: number;
  /** Only names that begin with this, in Latin-1; only for them there is anything to be done. */
  prefix?: string;
  /** Is asked for names of a large local directory, before anything is made of them. */
  passOver?: PassOver | undefined;
};

/**
 * The names in a directory, as they come from the kernel, many at a time: a list of a million would
 * take more memory than all that is done with it. In Latin-1, one character a byte, so that nothing is
 * lost of those that are not UTF-8. A disk that stalls holds up nobody but who waits for this, unless
 * it is a local one that has begun to tell many names. Throws errno errors.
 */
export async function* entriesOf(
  path: string,
  { expected = Number.POSITIVE_INFINITY, prefix = '', passOver }: EntriesOptions = {},
): AsyncGenerator<string[]> {
  const isAsked = (name: string) => name.startsWith(prefix);
  const few = expected < ENTRIES_A_READ ? await allEntriesOf(path) : await fewEntriesOf(path);
  if (few) {
    yield few.filter(isAsked);
  } else if (getdents && networkTypeOf((await statfs(path)).type) === null) {
    yield* localEntriesOf(getdents, path, prefix, passOver);
  } else {
    for await (const names of portableEntriesOf(path)) yield names.filter(isAsked);
  }
}

async function allEntriesOf(path: string): Promise<string[]> {
  return (await readdir(path, { encoding: 'latin1' })).map(inLatin1);
}

/** Null where they are more than are read at a time. */
async function fewEntriesOf(path: string): Promise<string[] | null> {
  const directory = await opendir(path, options);
  try {
    const names = await nextNames(directory, false);
    return names.length < ENTRIES_A_READ ? names : null;
  } finally {
    await directory.close();
  }
}

/** In this thread: to have another one ask the kernel takes longer than the kernel. */
async function* localEntriesOf(
  next: NonNullable<typeof getdents>,
  path: string,
  prefix: string,
  passOver: PassOver | undefined,
): AsyncGenerator<string[]> {
  const directory = await open(path, 'r');
  const read = () => next(directory.fd, prefix, passOver);
  try {
    for (let names = read(); names; names = read()) {
      yield names;
      await nextTurn();
    }
  } finally {
    await directory.close();
  }
}

/** The same on every system, and by Node's own threads. */
export async function* portableEntriesOf(path: string): AsyncGenerator<string[]> {
  const directory = await opendir(path, options);
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
