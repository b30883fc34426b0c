import { statSync } from 'node:fs';
import { errnoOf } from '../platform/index.ts';

/** There is nothing to work on just now. It bears the errno of the look, and holds the queue. */
export class DirectoryAway extends Error {
  readonly code: string;

  constructor(message: string, errno: string) {
    super(message);
    this.code = errno;
  }
}

/** A step was given up because its path leads to another directory by now. */
export class DirectoryLost extends Error {
  constructor() {
    super('the handoff directory was replaced');
  }
}

/** For steps whose waiters are told that there is no more to come of them. */
export function giveUp(): never {
  throw new DirectoryLost();
}

/** Takes that error, and no other, from work that nobody waits for any more. */
export function unlessLost(error: unknown): void {
  if (!(error instanceof DirectoryLost)) throw error;
}

/**
 * The very directory that claims, journal and lease are in, known by device and inode: it may be
 * moved away or unmounted, and its path lead to another. Nothing of the old one may be written into
 * that. The open journal keeps both numbers from being given to another directory meanwhile.
 */
export class Ground {
  readonly #path: string;
  readonly #device: bigint;
  readonly #inode: bigint;
  #lost = false;

  constructor(path: string) {
    this.#path = path;
    const { dev, ino } = statSync(path, { bigint: true });
    this.#device = dev;
    this.#inode = ino;
  }

  /** True for ever after another directory was seen in its place. Throws DirectoryAway. */
  isLost(): boolean {
    if (this.#lost) return true;
    try {
      const { dev, ino } = statSync(this.#path, { bigint: true });
      this.#lost = dev !== this.#device || ino !== this.#inode;
      return this.#lost;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || !(error instanceof Error)) throw error;
      throw new DirectoryAway(error.message, errno);
    }
  }
}
