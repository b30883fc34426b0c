import type { Worker } from 'node:worker_threads';
import type { CheckLimits, CheckResult } from '../intent/types.ts';
import type { PorchRequest, PorchResult, SpawnerName } from '../porch/types.ts';
import { Thread, ThreadDied } from './thread.ts';

export { ThreadDied } from './thread.ts';

export type PoolOptions = {
  /** Threads that run porch, until `resize`. */
  runners: number;
  /** Runs that one thread takes at a time: more than 1 only where they can share their syncs. */
  runsPerThread: number;
  /** May change while they work. */
  limits: CheckLimits;
  spawner: SpawnerName;
};

/** A finished run, and which thread ran it. */
export type Ran = { result: PorchResult; workerId: number };

/** Runs of less than this on the average are short. */
const SHORT_MS = 50;

type Queued = { request: PorchRequest; resolve(ran: Ran): void; reject(error: Error): void };

/**
 * The worker threads. One reads and checks, so that a long porch run never keeps a refused intent
 * waiting; the others run porch. Threads start when there is work for them.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #reader: Thread;
  readonly #runners: Thread[];
  /** Runners that end with their last run. */
  readonly #leaving = new Set<Thread>();
  readonly #startWorker: (() => Worker) | undefined;
  #queue: Queued[] = [];
  #assigning = false;
  #averageMs = 2 * SHORT_MS;

  /** `startWorker`: how a thread is started, where not in the usual way. */
  constructor(options: PoolOptions, startWorker?: () => Worker) {
    this.#options = options;
    this.#startWorker = startWorker;
    this.#reader = new Thread(startWorker);
    this.#runners = Array.from({ length: options.runners }, () => new Thread(startWorker));
  }

  /**
   * While runs are short the next ones had better be prepared: otherwise threads would wait for the
   * main thread as long as they work.
   */
  get runsAreShort(): boolean {
    return this.#averageMs < SHORT_MS;
  }

  /** Work is on its way: the threads that it needs first start while it settles. */
  warm(): void {
    this.#reader.warm();
    this.#runners[0]?.warm();
  }

  /** From now on so many threads run porch. One that is too many ends when its runs have. */
  resize(runners: number): void {
    while (this.#runners.length < runners) this.#runners.push(new Thread(this.#startWorker));
    for (const runner of this.#runners.splice(runners)) {
      this.#leaving.add(runner);
      this.#leave(runner);
    }
    this.#assignSoon();
  }

  /**
   * Resolves when the thread has answered through which everything passes. Those that run porch are
   * deaf meanwhile, and none is asked that was not started yet.
   */
  async ping(): Promise<void> {
    if (this.#reader.started) await this.check([]);
  }

  /** Looks at files; the results are in the order of the paths. Rejects with ThreadDied. */
  async check(paths: string[]): Promise<CheckResult[]> {
    const { limits } = this.#options;
    const answer = await this.#reader.ask({ type: 'check', paths, limits });
    return answer.type === 'checked' ? answer.results : [];
  }

  /** Runs porch once. Rejects with ThreadDied. */
  run(request: PorchRequest): Promise<Ran> {
    return new Promise<Ran>((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      this.#assignSoon();
    });
  }

  /**
   * Writes the file system that holds `path` to disk, in a thread of its own, for that may take long.
   * Rejects with the errno error of a failing disk.
   */
  async sync(path: string): Promise<void> {
    const thread = new Thread(this.#startWorker);
    try {
      const answer = await thread.ask({ type: 'sync', path });
      const error = answer.type === 'synced' ? answer.error : null;
      if (error) throw Object.assign(new Error(error.message), { code: error.errno });
    } catch (error) {
      if (error instanceof ThreadDied) throw Object.assign(error, { code: 'EIO' });
      throw error;
    } finally {
      await thread.close();
    }
  }

  /** Takes back what no thread has begun: it counts as cancelled. */
  drain(): void {
    for (const runner of this.#allRunners) runner.closeRuns();
    for (const { resolve } of this.#queue.splice(0)) resolve({ result: cancelled, workerId: 0 });
  }

  /** Ends every run under way. */
  cancel(signal: 'SIGTERM' | 'SIGKILL'): void {
    for (const runner of this.#allRunners) runner.cancel(signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.#reader, ...this.#allRunners].map((thread) => thread.close()));
  }

  get #allRunners(): Thread[] {
    return [...this.#runners, ...this.#leaving];
  }

  #leave(runner: Thread): void {
    if (runner.load > 0 || !this.#leaving.delete(runner)) return;
    void runner.close();
  }

  /** Requests of one turn of the event loop are dealt out together. */
  #assignSoon(): void {
    if (this.#assigning) return;
    this.#assigning = true;
    setImmediate(() => {
      this.#assigning = false;
      this.#assign();
    });
  }

  /** Idle threads come first; then, while runs are short, each gets a second batch in advance. */
  #assign(): void {
    const share = Math.ceil(this.#queue.length / this.#runners.length);
    const count = Math.min(this.#options.runsPerThread, share);
    const deepest = this.#options.spawner === 'native' && this.runsAreShort ? 1 : 0;
    for (let load = 0; load <= deepest; load++) {
      for (const [workerId, runner] of this.#runners.entries()) {
        if (this.#queue.length === 0) return;
        if (runner.load > load) continue;
        void this.#runOn(runner, workerId, this.#queue.splice(0, count));
      }
    }
  }

  async #runOn(runner: Thread, workerId: number, batch: Queued[]): Promise<void> {
    const { limits, spawner } = this.#options;
    const requests = batch.map(({ request }) => request);
    try {
      const answer = await runner.ask({ type: 'run', requests, limits, spawner });
      const results = answer.type === 'ran' ? answer.results : [];
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result) this.#averageMs = 0.8 * this.#averageMs + 0.2 * result.durationMs;
        if (result) resolve({ result, workerId });
        else reject(new Error('a worker answered with too few results'));
      }
    } catch (error) {
      for (const { reject } of batch)
        reject(error instanceof Error ? error : new Error(`${error}`));
    }
    this.#leave(runner);
    this.#assignSoon();
  }
}

const cancelled: PorchResult = {
  exitCode: null,
  signal: 'SIGTERM',
  startError: null,
  timedOut: false,
  cancelled: true,
  stdout: '',
  stderr: '',
  durationMs: 0,
};
