import { closeSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { controlWords } from '../porch/native/spawner.ts';
import { type FromWorker, fromWorker } from './answers.ts';
import type { Kind, Said, WarmUp } from './messages.ts';

/** How much of what it was asked a thread may have begun. */
type Extent = 'all' | 'first' | 'none';

/** The thread died while it had work. */
export class ThreadDied extends Error {
  readonly begun: Extent;

  constructor(message: string, begun: Extent) {
    super(message);
    this.begun = begun;
  }
}

/** In the bundle the threads' sources travel as strings: a single file has no second one. */
declare const READER_SOURCE: string;
declare const RUNNER_SOURCE: string;
declare const EMBEDDED_SOURCE: string;

type WithoutId<M> = M extends { id: number } ? Omit<M, 'id'> : never;
/** What a thread of a kind can be asked. */
export type Question<K extends Kind> = { [One in Kind]: WithoutId<Said[One]> }[K];
type Answer = Extract<FromWorker, { id: number }>;
type Waiting = {
  part(answer: Answer): void;
  resolve(answer: Answer): void;
  reject(error: Error): void;
};

/** How a thread of a kind is started. */
export type StartWorker = (kind: Kind) => Worker;

export type ThreadOptions<K extends Kind> = {
  kind: K;
  /** What it is to get ready for. */
  warmUp: WarmUp<K>;
  /** Called when it has become ready. */
  ready?(): void;
  /** Where not in the usual way. */
  startWorker?: StartWorker | undefined;
};

/** One worker thread: started when it is first asked, and again after it has died. */
export class Thread<K extends Kind> {
  #worker: Worker | null = null;
  #asked = 0;
  #isReady = false;
  readonly #waiting = new Map<number, Waiting>();
  #ping: PromiseWithResolvers<void> | null = null;
  /** Where a thread that blocks while porch runs can be told to end it. */
  #control: { fd: number; ends: readonly number[] } | null = null;
  readonly #options: ThreadOptions<K>;

  constructor(options: ThreadOptions<K>) {
    this.#options = options;
  }

  /**
   * Whether work begins at once. One that died before it was ready counts as ready as well: whoever
   * asks it is told why.
   */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Questions that it has not answered yet. */
  get load(): number {
    return this.#waiting.size;
  }

  /**
   * Asks the thread. `part` gets what it says before its last word. Rejects with ThreadDied when it
   * dies before it has answered.
   */
  ask(question: Question<K>, part: (answer: Answer) => void = () => {}): Promise<Answer> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { part, resolve, reject });
      worker.ref();
      worker.postMessage({ ...question, id });
    });
  }

  /** Starts the thread, so that it is there when it is asked. */
  warm(): void {
    if (this.#worker) return;
    this.#worker = this.#start();
    this.#worker.unref();
  }

  /**
   * Resolves when the thread has answered, which one without work does at once. One that was not
   * started, or has died, is there when it is asked.
   */
  ping(): Promise<void> {
    if (!this.#worker) return Promise.resolve();
    if (!this.#ping) {
      this.#ping = Promise.withResolvers();
      this.#worker.postMessage({ type: 'ping' } satisfies Said[Kind]);
    }
    return this.#ping.promise;
  }

  /** Ends the porch runs of the thread. */
  cancel(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#worker?.postMessage({ type: 'cancel', signal } satisfies Said[Kind]);
    this.#tell(signal);
  }

  /** Runs that a blocking thread has not begun are not begun any more. */
  closeRuns(): void {
    this.#tell('close');
  }

  /** What a blocking thread has not begun is given back. */
  handBack(): void {
    this.#tell('handBack');
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #tell(word: keyof typeof controlWords): void {
    if (this.#control !== null) writeSync(this.#control.fd, controlWords[word]);
  }

  #start(): Worker {
    const { kind, startWorker = startOwnWorker, warmUp } = this.#options;
    const worker = startWorker(kind);
    worker.postMessage(warmUp);
    worker.on('message', (data: unknown) => {
      const answer = fromWorker.parse(data);
      if (answer.type === 'warmed') {
        this.#becomes(true);
        return;
      }
      if (answer.type === 'control') {
        this.#control = answer;
        return;
      }
      if (answer.type === 'pong') {
        this.#pong();
        return;
      }
      const waiting = this.#waiting.get(answer.id);
      if (answer.type === 'ran' && !answer.done) {
        waiting?.part(answer);
        return;
      }
      this.#waiting.delete(answer.id);
      if (this.load === 0) worker.unref();
      waiting?.resolve(answer);
    });
    let reason = 'it ended by itself';
    worker.on('error', (error) => {
      reason = error instanceof Error && error.message !== '' ? error.message : String(error);
    });
    worker.on('exit', () => this.#died(reason));
    return worker;
  }

  #becomes(ready: boolean): void {
    this.#isReady = ready;
    if (ready) this.#options.ready?.();
  }

  #pong(): void {
    this.#ping?.resolve();
    this.#ping = null;
  }

  #died(reason: string): void {
    this.#worker = null;
    this.#becomes(!this.#isReady);
    this.#pong();
    this.#control?.ends.forEach((fd) => {
      closeSync(fd);
    });
    this.#control = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    // It takes up one question after another, and begins with the next before it answers the last.
    const begun: Extent[] = ['all', 'first'];
    for (const [index, { reject }] of waiting.entries()) {
      reject(new ThreadDied(`a worker thread died: ${reason}`, begun[index] ?? 'none'));
    }
  }
}

/** Node reads what it is to evaluate twice, to see which kind of module it is: so this is short. */
const runGivenSource =
  "require('node:vm').runInThisContext(require('node:worker_threads').workerData)";

function startOwnWorker(kind: Kind): Worker {
  // Descriptors that come from the C library are none of Node's business.
  const options = { trackUnmanagedFds: false };
  if (typeof READER_SOURCE === 'undefined') {
    return new Worker(new URL(`./${kind}.ts`, import.meta.url), options);
  }
  const sources = { reader: READER_SOURCE, runner: RUNNER_SOURCE, embedded: EMBEDDED_SOURCE };
  return new Worker(runGivenSource, { ...options, eval: true, workerData: sources[kind] });
}
