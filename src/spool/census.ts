import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isIntentName } from '../intent/names.ts';
import { entriesOf, errnoOf } from '../platform/index.ts';
import { isJournalSegment, type Layout } from './layout.ts';

/** How many files there are, and how large the state is. */
export type Counts = { files: Record<string, number>; stateBytes: number };

/** A count is good for this long, and for twenty times as long as it took. */
const FRESH_MS = 5000;
const TIMES_ITS_COST = 20;

/**
 * Counts the files of a spool for those who look on: beside the work, and only when somebody asks.
 */
export class Census {
  readonly #layout: Layout;
  #counts: Counts;
  #freshUntilMs = 0;
  #counting = false;
  #stopped = false;

  constructor(layout: Layout) {
    this.#layout = layout;
    const files = { handoff: 0, processed: 0, failed: 0, status: 0, inflight: 0 };
    this.#counts = { files, stateBytes: 0 };
  }

  /** What the latest count has found; begins the next one where that is old. */
  get latest(): Counts {
    if (performance.now() >= this.#freshUntilMs) this.begin();
    return this.#counts;
  }

  /** Counts anew, unless that is under way. */
  begin(): void {
    if (this.#counting || this.#stopped) return;
    this.#counting = true;
    void this.#count().finally(() => {
      this.#counting = false;
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  async #count(): Promise<void> {
    const begun = performance.now();
    const { handoff, processed, failed, status, inflight, snapshot } = this.#layout;
    const state: string[] = [];
    const isState = (name: string) => name === basename(snapshot) || isJournalSegment(name);
    const files = {
      handoff: await this.#filesIn(handoff, (name) => {
        if (isState(name)) state.push(join(handoff, name));
        return isIntentName(name);
      }),
      processed: await this.#filesIn(processed, isIntentName),
      failed: await this.#filesIn(failed, isIntentName),
      status: await this.#filesIn(status, (name) => name.endsWith('.status')),
      inflight: await this.#filesIn(inflight, isIntentName),
    };
    let stateBytes = 0;
    for (const path of state) stateBytes += await sizeOf(path);
    const end = performance.now();
    this.#freshUntilMs = end + Math.max(FRESH_MS, TIMES_ITS_COST * (end - begun));
    if (!this.#stopped) this.#counts = { files, stateBytes };
  }

  /** 0 where the directory cannot be read: who works there says so. */
  async #filesIn(directory: string, counts: (name: string) => boolean): Promise<number> {
    let count = 0;
    try {
      for await (const names of entriesOf(directory)) {
        if (this.#stopped) break;
        count += names.filter(counts).length;
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
    return count;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    // It was sealed or removed meanwhile.
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}
