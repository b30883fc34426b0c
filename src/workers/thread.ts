import { closeSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { controlWords } from '../porch/native/spawner.ts';
import { type FromWorker, fromWorker, type ToWorker } from './messages.ts';

/** The thread died while it had work. */
export class ThreadDied extends Error {}

/** In the bundle the worker's source travels as a string: a single file has no second one. */
declare const WORKER_SOURCE: string | undefined;

type Question = ToWorker extends infer M
  ? M extends { id: number }
    ? Omit<M, 'id'>
    : never
  : never;
type Answer = Extract<FromWorker, { id: number }>;
type Waiting = { resolve(answer: Answer): void; reject(error: Error): void };

/** One worker thread: started when it is first asked, and again after it has died. */
export class Thread {
  #worker: Worker | null = null;
  #asked = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** Where a thread that blocks while porch runs can be told to end it. */
  #control: { fd: number; ends: readonly number[] } | null = null;
  readonly #startWorker: () => Worker;

  /** `startWorker` starts a thread that runs worker.ts. */
  constructor(startWorker: () => Worker = startOwnWorker) {
    this.#startWorker = startWorker;
  }

  get started(): boolean {
    return this.#worker !== null;
  }

  /** Questions that it has not answered yet. */
  get load(): number {
    return this.#waiting.size;
  }

  /** Asks the thread. Rejects with ThreadDied when it dies before it has answered. */
  ask(question: Question): Promise<Answer> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
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

  /** Ends the porch runs of the thread. */
  cancel(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#worker?.postMessage({ type: 'cancel', signal } satisfies ToWorker);
    this.#tell(signal);
  }

  /** Runs that a blocking thread has not begun are not begun any more. */
  closeRuns(): void {
    this.#tell('close');
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #tell(word: keyof typeof controlWords): void {
    if (this.#control !== null) writeSync(this.#control.fd, controlWords[word]);
  }

  #start(): Worker {
    const worker = this.#startWorker();
    worker.on('message', (data: unknown) => {
      const answer = fromWorker.parse(data);
      if (answer.type === 'control') {
        this.#control = answer;
        return;
      }
      const waiting = this.#waiting.get(answer.id);
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

  #died(reason: string): void {
    this.#worker = null;
    this.#control?.ends.forEach((fd) => {
      closeSync(fd);
    });
    this.#control = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new ThreadDied(`a worker thread died: ${reason}`));
  }
}

function startOwnWorker(): Worker {
  // Descriptors that come from the C library are none of Node's business.
  const options = { trackUnmanagedFds: false };
  if (typeof WORKER_SOURCE === 'string') {
    return new Worker(WORKER_SOURCE, { ...options, eval: true });
  }
  return new Worker(new URL('./worker.ts', import.meta.url), options);
}
