import { closeSync, readSync } from 'node:fs';
import { errnoOf } from '../../platform/index.ts';
import { type EndingSignal, signalGroup } from '../group.ts';
import { type Calls, openCalls, type Pipe, type PollEntry } from './calls.ts';
import { Child } from './child.ts';
import { Running, type Supervisor } from './running.ts';

/** A program to be run to its end. */
export type NativeRun = {
  path: string;
  args: string[];
  /** `NAME=value` */
  env: string[];
  timeoutMs: number;
  killAfterMs: number;
  graceMs: number;
  drainMs: number;
  /** `tell` is called once where it lasts longer than `afterMs`. */
  long: { afterMs: number; tell(): void } | null;
  signalGroup(leader: number, signal: EndingSignal): void;
};

/**
 * Starts programs; whoever waits for one blocks the thread. Starting one this way costs what
 * posix_spawn(3) costs, however much memory this process has; libuv's fork(2) copies the page
 * tables, milliseconds each, and stops all other threads for it.
 *
 * A blocked thread hears no messages: whoever wants to cancel writes one of
 * `controlWords` into `control`.
 */
export class NativeSpawner {
  readonly #calls: Calls;
  readonly #chunk = Buffer.alloc(64 * 1024);
  readonly #control: { read: number; write: number };
  readonly #handBack: () => void;
  readonly #supervisor: Supervisor;
  #closed = false;
  #cancelled: EndingSignal | null = null;

  /**
   * `handBack` is called where whoever waits wants back what has not begun. Throws where this system
   * does not have what it takes.
   */
  constructor(handBack: () => void = () => {}) {
    this.#handBack = handBack;
    this.#calls = openCalls();
    selfTest(this.#calls);
    this.#control = this.#calls.pipe();
    this.#supervisor = {
      calls: this.#calls,
      chunk: this.#chunk,
      cancelled: () => this.#cancelled,
      listen: (ms, entries) => this.#listen(ms, entries),
    };
  }

  /** The end of the control pipe that is written to. */
  get control(): number {
    return this.#control.write;
  }

  /** Both ends of it: a thread that is ended closes nothing, so whoever ends it does. */
  get controlEnds(): number[] {
    return [this.#control.read, this.#control.write];
  }

  /** Starts a program; null once `control` has spoken against it. Throws start errors. */
  start(run: NativeRun): Running | null {
    const begunMs = performance.now();
    this.#listen(0, []);
    if (this.#closed || this.#cancelled !== null) return null;
    const { stdout, stderr } = this.#openPipes();
    let child: Child;
    try {
      const pid = this.#calls.spawn(run.path, run.args, run.env, stdout.write, stderr.write);
      child = new Child(pid, this.#watchEnd(pid), stdout, stderr, begunMs);
    } catch (error) {
      closePipe(stdout);
      closePipe(stderr);
      throw error;
    }
    return new Running(this.#supervisor, child, run);
  }

  #openPipes(): { stdout: Pipe; stderr: Pipe } {
    const stdout = this.#calls.pipe();
    try {
      return { stdout, stderr: this.#calls.pipe() };
    } catch (error) {
      closePipe(stdout);
      throw error;
    }
  }

  #watchEnd(pid: number): number {
    try {
      return this.#calls.openPid(pid);
    } catch (error) {
      // Out of descriptors: a child that cannot be watched must not run.
      signalGroup(pid, 'SIGKILL');
      while (this.#calls.reap(pid) === null) this.#calls.poll([], 1);
      throw error;
    }
  }

  /** Waits for these and for a word from outside. */
  #listen(ms: number, entries: PollEntry[]): void {
    const control: PollEntry = { fd: this.#control.read, ready: false };
    this.#calls.poll([...entries, control], Math.max(0, Math.ceil(Math.min(ms, 2 ** 30))));
    if (!control.ready) return;
    const length = readSync(this.#control.read, this.#chunk);
    const words = this.#chunk.toString('latin1', 0, length);
    if (words.includes(controlWords.handBack)) this.#handBack();
    if ([...words].some((word) => word !== controlWords.handBack)) this.#closed = true;
    if (words.includes(controlWords.SIGKILL)) this.#cancelled = 'SIGKILL';
    else if (words.includes(controlWords.SIGTERM)) this.#cancelled ??= 'SIGTERM';
  }
}

function closePipe({ read, write }: Pipe): void {
  closeSync(read);
  closeSync(write);
}

/** Why this system cannot have a native spawner, or null where it can. */
export function nativeSpawnerProblem(): string | null {
  if (process.platform !== 'linux') return 'the native one is for Linux';
  try {
    selfTest(openCalls());
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The whole way but for a program: a start that must fail as it should, and a look at ourselves. */
function selfTest(calls: Calls): void {
  closeSync(calls.openPid(process.pid));
  try {
    calls.spawn('/nonexistent/program', [], [], 1, 2);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  throw new Error('a program that does not exist was started');
}

/**
 * What is written into a spawner's control pipe: `handBack` asks for what has not begun, each of the
 * others ends all later runs before they begin, and the signals end the run under way too.
 */
export const controlWords = { handBack: 'B', close: 'C', SIGTERM: 'T', SIGKILL: 'K' } as const;
