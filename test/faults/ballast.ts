import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/platform/index.ts';

const PAGE = Buffer.alloc(4096, '.');

/** What fills a small file system up: its blocks with one file, or its inodes with many. */
export class Ballast {
  readonly #path: string;
  readonly #fill: () => void;

  constructor(directory: string, what: 'blocks' | 'inodes') {
    this.#path = join(directory, 'ballast');
    mkdirSync(this.#path);
    let count = 0;
    this.#fill = {
      blocks: () => appendFileSync(join(this.#path, 'file'), PAGE),
      inodes: () => writeFileSync(join(this.#path, String(count++)), ''),
    }[what];
  }

  /** Loads on until there is no room left. */
  load(): void {
    try {
      for (;;) this.#fill();
    } catch (error) {
      if (errnoOf(error) !== 'ENOSPC') throw error;
    }
  }

  free(): void {
    rmSync(this.#path, { recursive: true });
  }
}
