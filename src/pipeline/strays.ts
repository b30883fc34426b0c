import { Sweeper } from '../porch/sweep.ts';

/** How long a process that left its run's group may outlive the run. */
const SWEEP_AFTER_MS = 250;

/**
 * Ends what runs leave behind outside of their process groups. Looking for it costs a walk through
 * the process table, so the runs that end within a quarter of a second share one.
 */
export class Strays {
  readonly #sweeper = new Sweeper();
  readonly #found: (count: number) => void;
  #ended = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(found: (count: number) => void) {
    this.#found = found;
  }

  /** A run has ended: whatever still bears its id is ended soon. */
  runEnded(runId: string): void {
    this.#ended.add(runId);
    this.#timer ??= setTimeout(() => this.sweep(), SWEEP_AFTER_MS);
  }

  /** Ends now what is left of the runs that have ended. */
  sweep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ended = this.#ended;
    this.#ended = new Set();
    if (ended.size > 0) this.#end((runId) => ended.has(runId));
  }

  /** Ends everything that earlier runs of the program (their lives) have left. */
  sweepLives(lives: ReadonlySet<string>): void {
    if (lives.size > 0) this.#end((runId) => lives.has(lifeOf(runId)));
  }

  #end(isStray: (runId: string) => boolean): void {
    const count = this.#sweeper.endStrays(isStray);
    if (count > 0) this.#found(count);
  }
}

/** `CONDUCTOR_RUN_ID`: the life of the program that began the run, and a number. */
export const runIdOf = (life: string, count: number): string => `${life}-${count}`;

export const lifeOf = (runId: string): string => runId.split('-')[0] ?? '';
