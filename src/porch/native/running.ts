import type { EndingSignal } from '../group.ts';
import type { Calls, PollEntry } from './calls.ts';
import type { Child, NativeResult } from './child.ts';
import type { NativeRun } from './spawner.ts';

/** What a program that runs needs of whoever has started it. */
export type Supervisor = {
  readonly calls: Calls;
  /** For what was read last. */
  readonly chunk: Buffer;
  /** By which signal all runs are to end, where they are. */
  cancelled(): EndingSignal | null;
  /** Waits for these and for a word from outside. */
  listen(ms: number, entries: PollEntry[]): void;
};

/** So long a program that another thread is just starting may hold open what it does not keep. */
const BRIEF_MS = 2;

/** What is done to a run that has not ended at a moment of `performance.now()`. */
type Step = { at: number; what: EndingSignal | 'give up' };

const later = (ms: number, what: Step['what']): Step => ({ at: performance.now() + ms, what });

/** A program from its start to its result. */
export class Running {
  readonly #supervisor: Supervisor;
  readonly #child: Child;
  readonly #run: NativeRun;
  #endedBy: NativeResult['endedBy'] = null;
  #isGivenUp = false;

  constructor(supervisor: Supervisor, child: Child, run: NativeRun) {
    this.#supervisor = supervisor;
    this.#child = child;
    this.#run = run;
  }

  /**
   * Blocks until the program itself has ended, and ends it where it is told to or the time is over.
   * True where it can be finished beside another: nobody holds its output open.
   */
  wait(): boolean {
    try {
      this.#supervise();
      if (this.#isGivenUp) return true;
      this.#child.closeWriters();
      this.#drain(BRIEF_MS);
      return this.#child.streams.length === 0;
    } catch (error) {
      this.#child.close();
      throw error;
    }
  }

  /** Ends what it has left in its group, and reaps it. */
  finish(): NativeResult {
    const { graceMs, drainMs, killAfterMs } = this.#run;
    try {
      if (this.#isGivenUp) return this.#child.result(null, this.#endedBy);
      this.#drain(graceMs);
      // Not reaped yet, the leader keeps the number of its group from being given to others.
      this.#send('SIGKILL');
      this.#drain(drainMs);
      return this.#child.result(this.#reap(killAfterMs), this.#endedBy);
    } finally {
      this.#child.close();
    }
  }

  #supervise(): void {
    const [child, { killAfterMs }] = [this.#child, this.#run];
    let told: string | null = null;
    let next: Step = { at: child.begunMs + this.#run.timeoutMs, what: 'SIGTERM' };
    let { long } = this.#run;
    while (!child.hasEnded) {
      const longAt = child.begunMs + (long?.afterMs ?? Number.POSITIVE_INFINITY);
      this.#supervisor.listen(Math.min(next.at, longAt) - performance.now(), child.entries);
      child.read(this.#supervisor.chunk);
      if (child.hasEnded) break;
      if (performance.now() >= longAt) {
        long?.tell();
        long = null;
      }
      const cancelled = this.#supervisor.cancelled();
      if (cancelled !== null && cancelled !== told) {
        this.#endedBy ??= 'cancel';
        told = cancelled;
        this.#send(cancelled);
        if (cancelled === 'SIGKILL') next = later(killAfterMs, 'give up');
      } else if (performance.now() >= next.at) {
        if (next.what === 'give up') {
          this.#isGivenUp = true;
          return;
        }
        this.#endedBy ??= 'timeout';
        this.#send(next.what);
        next = later(killAfterMs, next.what === 'SIGTERM' ? 'SIGKILL' : 'give up');
      }
    }
  }

  #send(signal: EndingSignal): void {
    this.#run.signalGroup(this.#child.pid, signal);
  }

  /** It has ended; but where somebody traces it, the tracer is told before its parent is. */
  #reap(ms: number): number | null {
    const { calls } = this.#supervisor;
    for (const end = performance.now() + ms; ; calls.poll([], 1)) {
      const status = calls.reap(this.#child.pid);
      if (status !== null || performance.now() >= end) return status;
    }
  }

  /** Reads what is still written, until all writers are gone or the time is over. */
  #drain(ms: number): void {
    const { calls, chunk } = this.#supervisor;
    const end = performance.now() + ms;
    for (let left = ms; left >= 0 && this.#child.streams.length > 0; ) {
      calls.poll(this.#child.streams, Math.ceil(left));
      this.#child.read(chunk);
      left = end - performance.now();
    }
  }
}
