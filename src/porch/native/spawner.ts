import { closeSync, readSync } from 'node:fs';
import { errnoOf } from '../../platform/index.ts';
import { type EndingSignal, signalGroup } from '../group.ts';
import { type Calls, openCalls, type Pipe, type PollEntry } from './calls.ts';
import { Child, type NativeResult } from './child.ts';

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
 * Runs programs one at a time and blocks its thread meanwhile. Starting one this way costs what
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
  }

  /** The end of the control pipe that is written to. */
  get control(): number {
    return this.#control.write;
  }

  /** Both ends of it: a thread that is ended closes nothing, so whoever ends it does. */
  get controlEnds(): number[] {
    return [this.#control.read, this.#control.write];
  }

  /** Runs a program to its end, or not at all once `control` has spoken. Throws start errors. */
  run(run: NativeRun): NativeResult {
    const begunMs = performance.now();
    this.#listen(0, []);
    if (this.#closed || this.#cancelled !== null) return notBegun;
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
    try {
      return this.#supervise(child, run);
    } finally {
      child.close();
    }
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

  #supervise(child: Child, run: NativeRun): NativeResult {
    let endedBy: NativeResult['endedBy'] = null;
    let told: string | null = null;
    let next: Step = { at: child.begunMs + run.timeoutMs, what: 'SIGTERM' };
    let { long } = run;
    const send = (signal: EndingSignal) => run.signalGroup(child.pid, signal);
    while (!child.hasEnded) {
      const longAt = child.begunMs + (long?.afterMs ?? Number.POSITIVE_INFINITY);
      this.#listen(Math.min(next.at, longAt) - performance.now(), child.entries);
      child.read(this.#chunk);
      if (child.hasEnded) break;
      if (performance.now() >= longAt) {
        long?.tell();
        long = null;
      }
      if (this.#cancelled !== null && this.#cancelled !== told) {
        endedBy ??= 'cancel';
        told = this.#cancelled;
        send(this.#cancelled);
        if (this.#cancelled === 'SIGKILL') next = later(run.killAfterMs, 'give up');
      } else if (performance.now() >= next.at) {
        if (next.what === 'give up') return child.result(null, endedBy);
        endedBy ??= 'timeout';
        send(next.what);
        next = later(run.killAfterMs, next.what === 'SIGTERM' ? 'SIGKILL' : 'give up');
      }
    }
    child.closeWriters();
    this.#drain(child, run.graceMs);
    // Not reaped yet, the leader keeps the number of its group from being given to others.
    send('SIGKILL');
    this.#drain(child, run.drainMs);
    return child.result(this.#reap(child.pid, run.killAfterMs), endedBy);
  }

  /** It has ended; but where somebody traces it, the tracer is told before its parent is. */
  #reap(pid: number, ms: number): number | null {
    for (const end = performance.now() + ms; ; this.#calls.poll([], 1)) {
      const status = this.#calls.reap(pid);
      if (status !== null || performance.now() >= end) return status;
    }
  }

  /** Reads what is still written, until all writers are gone or the time is over. */
  #drain(child: Child, ms: number): void {
    const end = performance.now() + ms;
    while (child.streams.length > 0 && performance.now() < end) {
      this.#wait(child.streams, end - performance.now());
      child.read(this.#chunk);
    }
  }

  #wait(entries: PollEntry[], ms: number): void {
    this.#calls.poll(entries, Math.max(0, Math.ceil(Math.min(ms, 2 ** 30))));
  }

  /** Waits for these and for a word from outside. */
  #listen(ms: number, entries: PollEntry[]): void {
    const control: PollEntry = { fd: this.#control.read, ready: false };
    this.#wait([...entries, control], ms);
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

/** What is done to a run that has not ended at a moment of `performance.now()`. */
type Step = { at: number; what: EndingSignal | 'give up' };

const later = (ms: number, what: Step['what']): Step => ({ at: performance.now() + ms, what });

const notBegun: NativeResult = {
  exitCode: null,
  signal: 'SIGTERM',
  endedBy: 'cancel',
  durationMs: 0,
  stdout: '',
  stderr: '',
};
