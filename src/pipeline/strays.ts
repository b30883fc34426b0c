import { adoptOrphans, hasChildren, reapAdopted } from '../platform/index.ts';
import { type Runs, Sweeper } from '../porch/sweep.ts';
import { lifeOf } from '../state/records.ts';

/** How long a process that left its run's group may outlive the run. */
const SWEEP_AFTER_MS = 250;

/**
 * Ends what runs leave behind outside of their process groups. Looking for it costs a walk through
 * the process table, so the runs that end within a quarter of a second share one. Belongs to the
 * main thread, which adopts the orphans of runs and reaps them.
 */
export class Strays {
  readonly #sweeper = new Sweeper();
  readonly #found: (count: number) => void;
  /** Whether what is below us in the tree of processes was begun by a run. */
  readonly #allBelowIsOurs: boolean;
  /** Runs under way in the order of their beginning, with their numbers. */
  readonly #underWay = new Map<string, number>();
  #begun = 0;
  #ended = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** To be made before the first run. */
  constructor(found: (count: number) => void) {
    this.#found = found;
    // The first process of a container gets the orphans of everything that is started in it.
    this.#allBelowIsOurs = adoptOrphans() && process.pid !== 1;
    // Children from before our own exec are known from now on as nobody's run.
    if (this.#allBelowIsOurs && hasChildren()) this.#end(() => false);
  }

  runBegins(runId: string): void {
    // It is tried again: what is left of the try before goes now, and not together with this one.
    if (this.#ended.has(runId)) this.sweep();
    this.#underWay.set(runId, ++this.#begun);
  }

  /** A run has ended: whatever is left of it is ended soon. */
  runEnded(runId: string): void {
    this.#underWay.delete(runId);
    this.#ended.add(runId);
    this.#sweepSoon();
  }

  /** Ends now what is left of the runs that have ended. */
  sweep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ended = this.#ended;
    this.#ended = new Set();
    const [oldest = Number.POSITIVE_INFINITY] = this.#underWay.values();
    const runs = this.#allBelowIsOurs ? { begun: this.#begun, oldest } : null;
    reapAdopted();
    const found = this.#end((runId) => ended.has(runId), runs);
    // What dies leaves a body behind, and perhaps children.
    if (found + this.#sweeper.dying > 0) this.#sweepSoon();
  }

  /** Ends everything that earlier runs of the program (their lives) have left. */
  sweepLives(lives: ReadonlySet<string>): void {
    if (lives.size > 0) this.#end((runId) => lives.has(lifeOf(runId)));
  }

  #sweepSoon(): void {
    this.#timer ??= setTimeout(() => this.sweep(), SWEEP_AFTER_MS).unref();
  }

  #end(isStray: (runId: string) => boolean, runs: Runs | null = null): number {
    const count = this.#sweeper.endStrays(isStray, runs);
    if (count > 0) this.#found(count);
    return count;
  }
}

/** `CONDUCTOR_RUN_ID`: the life of the program that began the run, and a number. */
export const runIdOf = (life: string, count: number): string => `${life}-${count}`;
