import type { SpawnerName } from '../porch/types.ts';

export type PaceOptions = {
  /** Runs that one thread takes at a time: more than 1 only where they can share their syncs. */
  runsPerThread: number;
  /** `builtin`: the embedded porch, which is no program that is started. */
  spawner: SpawnerName | 'builtin';
  /** What a test may hold in its hand. */
  batchMs?: number;
};

/** Runs of less than this on the average are short. */
const SHORT_MS = 50;

/**
 * Short runs of external porches are given to a thread in batches of about this length. Longer ones
 * would share more, but what is more urgent waits for the thread to give the rest of one back.
 */
const BATCH_MS = 5;
const LARGEST_BATCH = 16;

/** How long runs take on the average, and what follows from it: the shorter, the more in advance. */
export class Pace {
  readonly #options: PaceOptions;
  #averageMs = 2 * SHORT_MS;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  ran(durationMs: number): void {
    this.#averageMs = 0.8 * this.#averageMs + 0.2 * durationMs;
  }

  get isShort(): boolean {
    return this.#averageMs < SHORT_MS;
  }

  /** How many runs a thread is given at a time. */
  get batchSize(): number {
    const { runsPerThread, spawner, batchMs = BATCH_MS } = this.#options;
    if (spawner !== 'native') return runsPerThread;
    return Math.max(1, Math.min(LARGEST_BATCH, Math.floor(batchMs / this.#averageMs)));
  }

  /** How many more batches a thread is given before it has answered: it blocks, and would wait for them. */
  get batchesInAdvance(): number {
    return this.#options.spawner === 'native' && this.isShort ? 1 : 0;
  }
}
