import { errnoOf } from '../platform/index.ts';
import { DirectoryAway } from '../spool/ground.ts';
import { retryDelayMs } from './retry.ts';

/** What is kept from working: the disk under the spool, or porch. */
export type HoldCause = 'disk' | 'porch';

export type HoldEvents = {
  /** Said once when the queue begins to be held for a cause. */
  held(cause: HoldCause, what: string, error: unknown): void;
  /** Said once when everything works again. */
  released(cause: HoldCause, heldMs: number): void;
};

/** For so many milliseconds a look at the handoff directory counts for what comes after it. */
const LOOK_COUNTS_MS = 2;

const BACKOFF = { maxAttempts: Number.POSITIVE_INFINITY, initialDelayMs: 100, maxDelayMs: 5000 };

/**
 * Holds the queue while the disk or porch refuses to work, which says nothing about any intent:
 * nobody fails for it, nothing new is begun, and what was being done is tried again.
 */
export class Hold {
  readonly #events: HoldEvents;
  readonly #isLost: () => boolean;
  /** Steps that wait to be tried again, by cause, and since when the cause holds. */
  readonly #held = new Map<HoldCause, { what: string; steps: number; sinceMs: number }>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #silent = false;
  #abandoned = false;

  /** `isLost`: whether another directory took the place of ours. Throws DirectoryAway. */
  constructor(events: HoldEvents, isLost: () => boolean = () => false) {
    this.#events = events;
    this.#isLost = isLost;
  }

  get active(): boolean {
    return this.#held.size > 0;
  }

  /** What is kept from working, what it was wanted for, and for how many milliseconds by now. */
  get causes(): readonly { cause: HoldCause; what: string; heldMs: number }[] {
    const now = performance.now();
    return [...this.#held].map(([cause, { what, sinceMs }]) => {
      return { cause, what, heldMs: now - sinceMs };
    });
  }

  /** Milliseconds since the longest-standing cause began; 0 where nothing is held. */
  get heldMs(): number {
    const now = performance.now();
    return Math.max(0, ...[...this.#held.values()].map(({ sinceMs }) => now - sinceMs));
  }

  /** From now on nothing is said any more: the program ends, and what ends with it is no news. */
  silence(): void {
    this.#silent = true;
  }

  /** From now on what is refused is not tried again: guarded steps never settle. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Whether the handoff directory is there and is ours. */
  get isHere(): boolean {
    return unlessAway(() => !this.#isLost());
  }

  /** The same, as it was a moment ago: whoever was stopped since then looks again. */
  get wasHere(): boolean {
    return unlessAway(() => !this.#wasLost());
  }

  /**
   * Runs a step until it succeeds, and only while the handoff directory is ours: after another took
   * its place the outcome is that of `lost`, and where nothing is given, there is none ever. A step
   * may be repeated without harm. Errors that are not the system's (no errno) are faults of the
   * program and are thrown on.
   */
  guard<T>(
    cause: HoldCause,
    what: string,
    step: () => T | Promise<T>,
    lost: () => T | Promise<T> = never,
  ): Promise<T> {
    return this.guardOpen(cause, what, () => (this.#wasLost() ? lost() : step()));
  }

  /** The same for a step on what is open already: that is in our directory wherever it is now. */
  async guardOpen<T>(cause: HoldCause, what: string, step: () => T | Promise<T>): Promise<T> {
    let held: HoldCause | null = null;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await step();
        } catch (error) {
          if (errnoOf(error) === undefined) throw error;
          const by: HoldCause = error instanceof DirectoryAway ? 'disk' : cause;
          if (held !== by) this.#hold(by, what, error);
          if (held !== null && held !== by) this.#release(held);
          held = by;
          await this.#wait(retryDelayMs(BACKOFF, attempt));
        }
      }
    } finally {
      if (held !== null) this.#release(held);
    }
  }

  /** Steps that follow closely upon each other share a look. */
  #wasLost(): boolean {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_COUNTS_MS) return false;
    if (this.#isLost()) return true;
    this.#lookedAt = now;
    return false;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(() => {
        if (!this.#abandoned) resolve();
      }, ms);
    });
  }

  #hold(cause: HoldCause, what: string, error: unknown): void {
    const held = this.#held.get(cause);
    if (held) {
      held.steps++;
      return;
    }
    this.#held.set(cause, { what, steps: 1, sinceMs: performance.now() });
    this.#events.held(cause, what, error);
  }

  #release(cause: HoldCause): void {
    const held = this.#held.get(cause);
    if (!held || --held.steps > 0) return;
    this.#held.delete(cause);
    if (!this.#silent) this.#events.released(cause, performance.now() - held.sinceMs);
  }
}

function unlessAway(isHere: () => boolean): boolean {
  try {
    return isHere();
  } catch (error) {
    if (error instanceof DirectoryAway) return false;
    throw error;
  }
}

const never = () => new Promise<never>(() => {});
