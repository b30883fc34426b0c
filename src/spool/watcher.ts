import { type FSWatcher, statSync, watch } from 'node:fs';

/**
 * The kernel's news of a directory. Names come as Latin-1, one character a byte, so that names that
 * are not UTF-8 come through whole. News can be lost (the kernel's queue is bounded), and a
 * directory that is moved away is followed to where it went: who listens must also look.
 */
export class Watcher {
  readonly #path: string;
  readonly #changed: (rawName: string | null) => void;
  #watch: FSWatcher | null = null;
  #inode = 0;

  /** `changed` gets the raw name of a changed entry, or null where only a look can tell. */
  constructor(path: string, changed: (rawName: string | null) => void) {
    this.#path = path;
    this.#changed = changed;
  }

  /** Begins to watch, again where the directory has been replaced. Throws errno errors. */
  arm(): void {
    const { ino } = statSync(this.#path);
    if (this.#watch && ino === this.#inode) return;
    this.close();
    this.#inode = ino;
    this.#watch = watch(this.#path, { encoding: 'latin1' }, (_event, name) => this.#changed(name));
    this.#watch.on('error', () => {
      this.close();
      this.#changed(null);
    });
  }

  close(): void {
    this.#watch?.close();
    this.#watch = null;
  }
}
