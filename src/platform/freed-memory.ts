import { libc } from './libc.ts';

/** Intents that pass through leave so much behind that it is worth asking. */
const MANY = 1000;

/**
 * The C library keeps what is freed, for later; of what a batch of intents has taken in each thread
 * that is some megabytes. It is asked to give it back to the system while many pass through.
 */
export class FreedMemory {
  readonly #trim: (() => void) | undefined;
  #asked = 0;

  /** `trim`: what a test may hold in its hand. */
  constructor(trim = libc?.trim) {
    this.#trim = trim;
  }

  /** `done`: how many intents have passed so far. */
  giveBack(done: number): void {
    if (done - this.#asked < MANY) return;
    this.#asked = done;
    this.#trim?.();
  }
}
