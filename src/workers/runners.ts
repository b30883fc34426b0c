import type { CheckLimits } from '../intent/types.ts';
import { neverBegun } from '../porch/start.ts';
import type { PorchRequest, PorchResult } from '../porch/types.ts';
import type { FromWorker } from './answers.ts';
import { Pace, type PaceOptions } from './pace.ts';
import { givesWay, RunQueue } from './run-queue.ts';
import { type Question, type StartWorker, Thread, ThreadDied } from './thread.ts';
import { Turns } from './turns.ts';

export type RunnersOptions = PaceOptions & {
  /** How many threads, until `resize`. */
  runners: number;
  /** May change while they work. */
  limits: Readonly<CheckLimits>;
};

type Runner = Thread<'runner' | 'embedded'>;

/** A finished run, and which thread ran it. */
export type Ran = { result: PorchResult; workerId: number };

export type RunOptions = {
  /** It may be what ended a worker: no other run shares its fate. */
  alone: boolean;
  /** 0 to 10, higher first. */
  priority: number;
  /** Called when a thread gets it; again where that had to give it back. */
  begins(): void;
};

type Queued = RunOptions & {
  request: PorchRequest;
  overtaken: number;
  resolve(ran: Ran): void;
  reject(error: Error): void;
};

/** The threads that run porch, and what waits for them. They start when there is work for them. */
export class Runners {
  readonly #options: RunnersOptions;
  readonly #runners: Runner[];
  /** Runners that end with their last run. */
  readonly #leaving = new Set<Runner>();
  readonly #startWorker: StartWorker | undefined;
  /** Runners that get nothing in advance, and the batch for whose sake. */
  readonly #occupied = new Map<Runner, Queued[]>();
  /** What is left of the batches of a runner that was not asked yet to give any of it back. */
  readonly #left = new WeakMap<Runner, Queued[][]>();
  readonly #queue = new RunQueue<Queued>();
  readonly #turns = new Turns();
  readonly #pace: Pace;
  #assigning = false;
  #draining = false;

  constructor(options: RunnersOptions, startWorker: StartWorker | undefined) {
    this.#options = options;
    this.#pace = new Pace(options);
    this.#startWorker = startWorker;
    this.#runners = Array.from({ length: options.runners }, () => this.#newRunner());
  }

  /**
   * How many runs it wants at a time. While runs are short the next ones had better be prepared:
   * otherwise threads would wait for the main thread as long as they work.
   */
  get appetite(): number {
    return this.#runners.length * this.#pace.batchSize * (this.#pace.isShort ? 2 : 1);
  }

  /** How many more it takes of what is urgent: claimed already, that goes first when a run has ended. */
  get reserve(): number {
    return this.#pace.isShort ? this.#runners.length : 0;
  }

  /** Threads that run porch at this moment. */
  get busy(): number {
    return this.#runners.filter(({ load }) => load > 0).length;
  }

  /** Starts so many of them. */
  warm(count: number): void {
    for (const runner of this.#runners.slice(0, count)) runner.warm();
  }

  /** Resolves when all have answered but those that run porch: they may be deaf. */
  async ping(): Promise<void> {
    const idle = this.#runners.filter(({ load }) => load === 0);
    await Promise.all(idle.map((runner) => runner.ping()));
  }

  /** From now on so many threads run porch. One that is too many ends when its runs have. */
  resize(runners: number): void {
    while (this.#runners.length < runners) this.#runners.push(this.#newRunner());
    for (const runner of this.#runners.splice(runners)) {
      this.#leaving.add(runner);
      this.#leave(runner);
    }
    this.#assignSoon();
  }

  /** Runs porch once. Rejects with ThreadDied. */
  run(request: PorchRequest, options: RunOptions = unnoticed): Promise<Ran> {
    return new Promise<Ran>((resolve, reject) => {
      this.#queue.add({ request, ...options, overtaken: 0, resolve, reject });
      this.#recallFor(options.priority);
      this.#assignSoon();
    });
  }

  /** Takes back what no thread has begun: it counts as cancelled. */
  drain(): void {
    this.#draining = true;
    for (const runner of this.#allRunners) runner.closeRuns();
    this.#takeBack(this.#queue.takeAll());
  }

  /** Ends every run under way. */
  cancel(signal: 'SIGTERM' | 'SIGKILL'): void {
    for (const runner of this.#allRunners) runner.cancel(signal);
  }

  async close(): Promise<void> {
    await Promise.all(this.#allRunners.map((thread) => thread.close()));
  }

  #newRunner(): Runner {
    const { spawner } = this.#options;
    return new Thread<'runner' | 'embedded'>({
      ...(spawner === 'builtin'
        ? { kind: 'embedded', warmUp: { type: 'warm' } }
        : { kind: 'runner', warmUp: { type: 'warm', spawner } }),
      ready: () => this.#assignSoon(),
      startWorker: this.#startWorker,
    });
  }

  get #allRunners(): Runner[] {
    return [...this.#runners, ...this.#leaving];
  }

  #leave(runner: Runner): void {
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

  /** Where all runners are busy, one of them gives back what is less urgent and has not begun. */
  #recallFor(priority: number): void {
    if (this.busy < this.#runners.length) return;
    const runner = this.#runners.find((one) => {
      const [, ...behind] = this.#left.get(one)?.flat() ?? [];
      return behind.length > 0 && behind.every((run) => givesWay(run, priority));
    });
    if (!runner) return;
    runner.handBack();
    this.#left.delete(runner);
  }

  /**
   * Idle threads come first; then, while runs are short, each gets a second batch in advance. Where
   * one is ready, those that have yet to start get nothing: what waits for the ready one begins sooner.
   */
  #assign(): void {
    const isOneReady = this.#runners.some(({ isReady }) => isReady);
    const share = Math.ceil(this.#queue.size / this.#runners.length);
    const { batchSize, batchesInAdvance } = this.#pace;
    const count = Math.min(batchSize, share);
    for (let load = 0; load <= batchesInAdvance; load++) {
      for (const [workerId, runner] of this.#runners.entries()) {
        if (runner.load > load || this.#occupied.has(runner)) continue;
        if (isOneReady && !runner.isReady) {
          if (this.#queue.size > 0) runner.warm();
          continue;
        }
        const batch = this.#queue.takeBatch(count, load === 0);
        if (batch.length > 0) void this.#runOn(runner, workerId, batch);
      }
    }
  }

  async #runOn(runner: Runner, workerId: number, batch: Queued[]): Promise<void> {
    const left = [...batch];
    const before = this.#left.get(runner)?.filter(({ length }) => length > 0) ?? [];
    this.#left.set(runner, [...before, left]);
    if (batch[0]?.alone) this.#occupied.set(runner, left);
    for (const { begins } of batch) begins();
    try {
      const answer = await runner.ask(this.#questionFor(batch), (part) => {
        this.#settle(left, part, workerId);
        this.#occupied.set(runner, left);
        if (runner.load > 1) runner.handBack();
        this.#assignSoon();
      });
      this.#settle(left, answer, workerId);
      for (const { reject } of left.splice(0)) {
        reject(new Error('a worker answered with too few results'));
      }
    } catch (error) {
      this.#failed(left, error);
    }
    if (this.#occupied.get(runner) === left) this.#occupied.delete(runner);
    this.#leave(runner);
    this.#assignSoon();
  }

  #questionFor(batch: readonly Queued[]): Question<'runner' | 'embedded'> {
    const { spawner } = this.#options;
    const requests = batch.map(({ request }) => request);
    if (spawner !== 'builtin') return { type: 'run', requests, spawner };
    return { type: 'run', requests, spawner, limits: limitsOf(this.#options) };
  }

  /** Takes the runs that an answer is about from those that are left of a batch. */
  #settle(left: Queued[], answer: FromWorker, workerId: number): void {
    if (answer.type !== 'ran') return;
    for (const { resolve } of left.splice(0, answer.results.length)) {
      const result = answer.results.shift();
      if (!result) break;
      this.#pace.ran(result.durationMs);
      this.#turns.add(() => resolve({ result, workerId }));
    }
    if (answer.returned > 0) this.#takeBack(left.splice(-answer.returned));
  }

  /** Runs that no thread has begun: the first ones of those that wait, or not wanted any more. */
  #takeBack(runs: Queued[]): void {
    if (!this.#draining) this.#queue.putBack(runs);
    else for (const { resolve } of runs) resolve({ result: neverBegun, workerId: 0 });
  }

  /** What a thread that died had not begun goes to another. */
  #failed(left: Queued[], error: unknown): void {
    if (error instanceof ThreadDied && error.begun !== 'all') {
      this.#takeBack(left.splice(error.begun === 'first' ? 1 : 0));
    }
    const reason = error instanceof Error ? error : new Error(String(error));
    for (const { reject } of left.splice(0)) reject(reason);
  }
}

/** They alone, of whatever object they are in: each message carries them. */
export function limitsOf({ limits }: Pick<RunnersOptions, 'limits'>): CheckLimits {
  const { maxFileSize, maxReplicas, systemNamespaces } = limits;
  return { maxFileSize, maxReplicas, systemNamespaces };
}

const unnoticed: RunOptions = { alone: false, priority: 0, begins() {} };
