import { statSync } from 'node:fs';
import { errnoOf } from '../platform/index.ts';

/** The coarsest clock of a file system ticks in two seconds: a change may bear the time of another. */
const CLOCK_TICK_MS = 3000;

/** Then the directory is read all the same. */
const MOST_TURNS = 15;

/**
 * Whether a local directory that was read, and had nothing in it that could change by itself, is
 * still as it was then: the kernel notes the time when a name comes or goes, and to ask for that
 * costs a tenth of reading. Elsewhere than on Linux that is nothing to rely on.
 */
export class Stillness {
  readonly #path: string;
  readonly #isReliable: boolean;
  /** As it was before the reading that is under way. */
  #before: string | null = null;
  #still: string | null = null;
  #turns = 0;

  /** `isLocal`: no other host changes anything in it. */
  constructor(path: string, isLocal: boolean) {
    this.#path = path;
    this.#isReliable = isLocal && process.platform === 'linux';
  }

  /** The directory is about to be read. */
  begin(): void {
    this.#still = null;
    this.#before = this.#isReliable ? this.#look(Date.now() - CLOCK_TICK_MS) : null;
  }

  /** It was read, and only what comes or goes can be news. */
  end(): void {
    this.#still = this.#before;
    this.#turns = 0;
  }

  /** For a while: not every file system notes all that it should. */
  lasts(): boolean {
    if (this.#still === null || this.#turns++ >= MOST_TURNS) return false;
    return this.#look() === this.#still;
  }

  /** Null where it has changed later than `latestMs`, and where it cannot be told: who reads it hears why. */
  #look(latestMs = Number.POSITIVE_INFINITY): string | null {
    try {
      const { dev, ino, ctimeMs } = statSync(this.#path);
      return ctimeMs <= latestMs ? `${dev} ${ino} ${ctimeMs}` : null;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return null;
    }
  }
}
