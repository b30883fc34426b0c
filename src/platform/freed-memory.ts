import { libc } from './libc.ts';
import { favourSize } from './small-heap.ts';

/** Intents that pass through leave so much behind that it is worth asking. */
const MANY = 1000;

/** Fewer than so many from one look to the next are as good as none. */
const FEW = 100;

/**
 * To be called before there are many threads: else each has memory of its own to allocate from, and keeps
 * there some of what it has freed.
 */
export function shareMemory(): void {
  libc?.shareMemory();
}

/**
 * While many intents pass through, V8 is to favour memory, and the C library is asked for what was
 * freed. It keeps that for later: of what a batch of intents has taken in each thread, some megabytes.
 */
export class FreedMemory {
  readonly #trim: (() => void) | undefined;
  readonly #favourSize: (wanted: boolean) => void;
  #isBusy = false;
  #seen = 0;
  #asked = 0;

  /** What a test may hold in its hand. */
  constructor(trim = libc?.trim, favour = favourSize) {
    this.#trim = trim;
    this.#favourSize = favour;
  }

  /** To be called every few seconds. `done`: how many intents have passed so far. */
  look(done: number): void {
    const isBusy = done - this.#seen >= FEW;
    this.#seen = done;
    if (isBusy !== this.#isBusy) this.#favourSize(isBusy);
    this.#isBusy = isBusy;
    if (done - this.#asked < MANY) return;
    this.#asked = done;
    this.#trim?.();
  }
}
