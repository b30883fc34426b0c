import { constants, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '../platform/index.ts';
import { Watcher } from '../spool/watcher.ts';

/** Whoever writes in several steps is given this long to finish. */
const SETTLE_MS = 100;

/** How often the content is compared without news, which the target of a link sends to nobody. */
const PERIOD_MS = 10_000;

/**
 * Tells when the content of a file is another: rewritten, replaced, or reached by links of which one
 * was exchanged, as Kubernetes does with a ConfigMap. Its directory is watched, and now and then the
 * content is compared all the same.
 */
export class FileWatch {
  readonly #path: string;
  readonly #changed: () => void;
  readonly #periodMs: number;
  readonly #watcher: Watcher;
  /** What was seen last; null where the file could not be read, undefined before the first time. */
  #version: string | null | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #looking = false;
  #stopped = false;

  /** `changed` is called after the first look, too. */
  constructor(path: string, changed: () => void, periodMs = PERIOD_MS) {
    this.#path = path;
    this.#changed = changed;
    this.#periodMs = periodMs;
    this.#watcher = new Watcher(dirname(path), {
      changed: () => this.#lookIn(SETTLE_MS),
      // Then what is compared without news must do.
      unwatched: () => {},
    });
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#watcher.close();
  }

  /** Later news do not put off a look that is due: others may write in that directory all the time. */
  #lookIn(ms: number): void {
    const due = performance.now() + ms;
    if (this.#stopped || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      void this.#look();
    }, ms);
  }

  async #look(): Promise<void> {
    // News during a look come too late for it.
    if (this.#looking) return this.#lookIn(SETTLE_MS);
    this.#looking = true;
    this.#arm();
    const version = await versionOf(this.#path);
    this.#looking = false;
    if (this.#stopped) return;
    this.#lookIn(this.#periodMs);
    if (version === undefined || version === this.#version) return;
    this.#version = version;
    this.#changed();
  }

  #arm(): void {
    try {
      this.#watcher.arm();
    } catch (error) {
      // The directory is away: it is looked for again.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

/** Whether it is there and is no regular file: such a one may be read only once, and reading may wait. */
export function isPipe(path: string): boolean {
  try {
    return !statSync(path).isFile();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Without it, to open a pipe would wait for somebody who writes into it. */
const READ_NOW = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Its content, and which file that is: who reads it when told may have read one that came and went
 * between two looks, and then an older content that has come back is news. Null where it cannot be
 * read, undefined for a pipe, which could be read only once.
 */
async function versionOf(path: string): Promise<string | null | undefined> {
  try {
    await using file = await open(path, READ_NOW);
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) return undefined;
    return `${stats.dev} ${stats.ino} ${stats.mtimeNs} ${await file.readFile('utf8')}`;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}
