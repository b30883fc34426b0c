import { isUtf8 } from 'node:buffer';
import { closeSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from './portable.ts';
import { statx } from './statx.ts';
import type { Path } from './types.ts';

/** What there is under a name; where it is a link, the link. */
export type Found = {
  isDirectory: boolean;
  /** When it was modified, in milliseconds since 1970, as `Stats.mtimeMs` of Node has it. */
  mtimeMs: number;
};

/** The same, and when anything of it was changed last, its name included. */
export type FoundWithChange = Found & { ctimeMs: number };

/** Null where there is nothing. Throws errno errors. */
export function lookAt(path: Path): FoundWithChange | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return null;
  return { isDirectory: found.isDirectory(), mtimeMs: found.mtimeMs, ctimeMs: found.ctimeMs };
}

/**
 * Looks at many entries of one directory, by their raw names (Latin-1, one character a byte). Has a
 * descriptor, to be disposed of. Throws errno errors.
 */
export class Looker {
  readonly #prefix: string;
  readonly #fd: number | null;

  constructor(directory: string) {
    this.#prefix = join(directory, '/');
    this.#fd = statx ? openSync(directory, 'r') : null;
  }

  /** Null where there is nothing. What the quick way does not find, Node is asked for: it says why. */
  look(rawName: string): Found | null {
    const found = statx && this.#fd !== null ? statx(this.#fd, rawName) : null;
    return found ?? lookAt(this.#pathOf(rawName));
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd);
  }

  #pathOf(rawName: string): Path {
    const name = Buffer.from(rawName, 'latin1');
    if (isUtf8(name)) return this.#prefix + name.toString();
    return Buffer.concat([Buffer.from(this.#prefix), name]);
  }
}

/** When files were modified; NaN for what is none, and for what cannot be looked at. */
export function modificationTimes(directory: string, rawNames: readonly string[]) {
  const times = new Float64Array(rawNames.length).fill(Number.NaN);
  try {
    using looker = new Looker(directory);
    for (const [index, rawName] of rawNames.entries()) {
      const found = looker.look(rawName);
      if (found && !found.isDirectory) times[index] = found.mtimeMs;
    }
  } catch (error) {
    // Who asked looks at the rest, and hears what is wrong with it.
    if (errnoOf(error) === undefined) throw error;
  }
  return times;
}
