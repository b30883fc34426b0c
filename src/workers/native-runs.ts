import { NativePorch } from '../porch/native/run.ts';
import type { NativeSpawner } from '../porch/native/spawner.ts';
import type { PorchRequest, PorchResult } from '../porch/types.ts';
import type { FromWorker } from './answers.ts';
import type { Said } from './messages.ts';

/** A run that lasts longer keeps neither results nor runs waiting behind it. */
const LONG_MS = 50;

export type Run = Extract<Said['runner'], { type: 'run' }>;

/** What is known of a question that is being answered. */
type Batch = {
  id: number;
  left: PorchRequest[];
  /** So many have neither a result nor were they handed back. */
  open: number;
  /** What there is to say with the next answer. */
  results: PorchResult[];
  returned: number;
};

type Begun = { porch: NativePorch; batch: Batch };

/**
 * Runs porch by the native spawner, one after another, and blocks its thread meanwhile. When a run
 * takes long, or something else is wanted, what has not begun is handed back. The next porch starts
 * before the last one is reaped and its result told: no processor waits for that.
 */
export class NativeRuns {
  readonly #spawner: NativeSpawner;
  readonly #send: (message: FromWorker) => void;
  readonly #nextRun: () => Run | null;
  readonly #longMs: number;
  #isWantedBack = false;

  /**
   * `nextRun` gives the next question that has been sent already. `longMs`: what a test may hold in
   * its hand.
   */
  constructor(
    spawner: NativeSpawner,
    send: (message: FromWorker) => void,
    nextRun: () => Run | null,
    longMs = LONG_MS,
  ) {
    this.#spawner = spawner;
    this.#send = send;
    this.#nextRun = nextRun;
    this.#longMs = longMs;
  }

  /** Answers a question, and those that are there by then. */
  work(run: Run): void {
    let last: Begun | null = null;
    for (let next = this.#begin(batchOf(run)); next; next = this.#begin(next.batch)) {
      if (last) this.#end(last);
      last = next;
      if (next.porch.wait()) continue;
      // Who holds its output open is waited for, and meanwhile nobody could be looked after.
      if (next.batch.results.length + next.batch.left.length > 0) this.#tell(next.batch);
      this.#end(next);
      last = null;
    }
    if (last) this.#end(last);
  }

  /** While it waits for a porch: whatever has not begun is wanted back. */
  handBack(): void {
    this.#isWantedBack = true;
    for (let run = this.#nextRun(); run; run = this.#nextRun()) {
      const returned = run.requests.length;
      this.#send({ type: 'ran', id: run.id, results: [], returned, done: true });
    }
  }

  /** Starts the next porch: of this batch or, where that has no more, of the next one. */
  #begin(batch: Batch): Begun | null {
    if (this.#isWantedBack) this.#takeBack(batch);
    this.#isWantedBack = false;
    const request = batch.left.shift();
    if (request) return { porch: this.#start(batch, request), batch };
    const run = this.#nextRun();
    return run ? this.#begin(batchOf(run)) : null;
  }

  #start(batch: Batch, request: PorchRequest): NativePorch {
    const long = { afterMs: this.#longMs, tell: () => this.#tell(batch) };
    return new NativePorch(this.#spawner, request, { long });
  }

  /** Nothing else of the batch waits for the run in hand. */
  #tell(batch: Batch): void {
    this.#takeBack(batch);
    this.#answer(batch, false);
  }

  #end({ porch, batch }: Begun): void {
    batch.results.push(porch.result());
    batch.open--;
    if (batch.open === 0) this.#answer(batch, true);
  }

  #takeBack(batch: Batch): void {
    const { length } = batch.left.splice(0);
    batch.open -= length;
    batch.returned += length;
  }

  #answer(batch: Batch, done: boolean): void {
    const { id, results, returned } = batch;
    batch.results = [];
    batch.returned = 0;
    this.#send({ type: 'ran', id, results, returned, done });
  }
}

function batchOf({ id, requests }: Run): Batch {
  return { id, left: [...requests], open: requests.length, results: [], returned: 0 };
}
