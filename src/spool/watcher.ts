import { type FSWatcher, statSync, watch } from 'node:fs';
import { errnoOf } from '../platform/index.ts';

export type WatcherEvents = {
  /** The raw name of a changed entry, or null where only a look can tell. */
  changed(rawName: string | null): void;
  /** The kernel takes no more watches: there will be no news until it does. Said once. */
  unwatched(error: unknown): void;
};

/** What inotify_init(2) and inotify_add_watch(2) say when a limit of theirs is reached. */
const WATCHES_USED_UP = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);

/**
 * The kernel's news of a directory. Names come as Latin-1, one character a byte, so that names that
 * are not UTF-8 come through whole. News can be lost (the kernel's queue is bounded), and a
 * directory that is moved away is followed to where it went: who listens must also look.
 */
export class Watcher {
  readonly #path: string;
  readonly #events: WatcherEvents;
  #watch: FSWatcher | null = null;
  #inode = 0;
  #unwatched = false;

  constructor(path: string, events: WatcherEvents) {
    this.#path = path;
    this.#events = events;
  }

  get armed(): boolean {
    return this.#watch !== null;
  }

  /** Begins to watch, again where the directory has been replaced. Throws errno errors. */
  arm(): void {
    const { ino } = statSync(this.#path);
    if (this.#watch && ino === this.#inode) return;
    this.close();
    this.#inode = ino;
    try {
      this.#watch = this.#begin();
      this.#unwatched = false;
    } catch (error) {
      if (!WATCHES_USED_UP.has(errnoOf(error) ?? '')) throw error;
      if (!this.#unwatched) this.#events.unwatched(error);
      this.#unwatched = true;
    }
  }

  #begin(): FSWatcher {
    const { changed } = this.#events;
    const begun = watch(this.#path, { encoding: 'latin1' }, (_event, name) => changed(name));
    begun.on('error', () => {
      this.close();
      changed(null);
    });
    return begun;
  }

  close(): void {
    this.#watch?.close();
    this.#watch = null;
  }
}
