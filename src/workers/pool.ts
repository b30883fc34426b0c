import { availableParallelism } from 'node:os';
import type { CheckResult } from '../intent/types.ts';
import { limitsOf, Runners, type RunnersOptions } from './runners.ts';
import { type StartWorker, Thread, ThreadDied } from './thread.ts';

/** With two questions the reader has the next one before it has answered the last. */
const LOOKS_AT_ONCE = 2;

/**
 * The worker threads. One reads and checks, so that a long porch run never keeps a refused intent
 * waiting; the others run porch. Threads start when there is work for them.
 */
export class Pool {
  readonly runners: Runners;
  readonly #options: RunnersOptions;
  readonly #reader: Thread<'reader'>;

  /** `startWorker`: how a thread is started, where not in the usual way. */
  constructor(options: RunnersOptions, startWorker?: StartWorker) {
    this.#options = options;
    const warmUp = { type: 'warm', limits: limitsOf(options) } as const;
    this.#reader = new Thread({ kind: 'reader', warmUp, startWorker });
    this.runners = new Runners(options, startWorker);
  }

  /** Resolves when all threads have answered but those that run porch: they may be deaf. */
  async ping(): Promise<void> {
    await Promise.all([this.#reader.ping(), this.runners.ping()]);
  }

  /** Work is on its way: the threads that it needs first start while it settles. */
  warm(): void {
    this.#reader.warm();
    this.runners.warm(1);
  }

  /**
   * Intents wait already: all threads that a core can be found for start, those that run porch first,
   * for the first intents are read without the reader.
   */
  warmForBacklog(): void {
    this.runners.warm(availableParallelism());
    this.#reader.warm();
  }

  /** Whether files can be read without waiting for the reader to start. */
  get isReaderReady(): boolean {
    return this.#reader.isReady;
  }

  /** Looks at files; the results are in the order of the paths. Rejects with ThreadDied. */
  async check(paths: string[]): Promise<CheckResult[]> {
    const answer = await this.#reader.ask({
      type: 'check',
      paths,
      limits: limitsOf(this.#options),
    });
    return answer.type === 'checked' ? answer.results : [];
  }

  /**
   * When the files of these raw names were modified; NaN for what is none, and for what cannot be
   * looked at, all of them where the reader died over it. Null where the reader has enough to do, or
   * has yet to start.
   */
  look(directory: string, rawNames: string[]): Promise<Float64Array> | null {
    const { isReady, load } = this.#reader;
    return isReady && load < LOOKS_AT_ONCE ? this.#look(directory, rawNames) : null;
  }

  async #look(directory: string, rawNames: string[]): Promise<Float64Array> {
    try {
      const answer = await this.#reader.ask({ type: 'look', directory, rawNames });
      if (answer.type === 'seen') return answer.times;
    } catch (error) {
      if (!(error instanceof ThreadDied)) throw error;
    }
    return new Float64Array(rawNames.length).fill(Number.NaN);
  }

  async close(): Promise<void> {
    await Promise.all([this.#reader.close(), this.runners.close()]);
  }
}
