import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { isIntentName } from '../intent/names.ts';
import { errnoOf } from '../platform/index.ts';
import type { Layout } from './layout.ts';

/** They may change while it works; then `retime` is called. */
export type RetentionLimits = {
  /** How long what succeeded is kept after it was filed; 0 is for ever. */
  readonly cleanupAfterMs: number;
  readonly failedCleanupAfterMs: number;
  /** How long an outcome is remembered. */
  readonly stateRetentionMs: number;
};

type Report = { info(message: string): void; warn(message: string): void };

/** Told how many files a pass has removed. */
type Meter = { removed(count: number): void };

const HOUR_MS = 3_600_000;
const FIRST_MS = 5000;

/**
 * Removes what was filed long ago. When that was, the file itself says: the move into processed/ or
 * failed/ stamped its change time (ctime), which nobody can set back; the modification time is still
 * that of the drop.
 */
export class Retention {
  readonly #layout: Layout;
  readonly #limits: RetentionLimits;
  readonly #store: { prune(before: number): number };
  readonly #log: Report;
  readonly #meter: Meter;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    layout: Layout,
    limits: RetentionLimits,
    store: { prune(before: number): number },
    log: Report,
    meter: Meter,
  ) {
    this.#layout = layout;
    this.#limits = limits;
    this.#store = store;
    this.#log = log;
    this.#meter = meter;
  }

  /** The first pass comes soon, the others after each period. */
  start(): void {
    this.#schedule(Math.min(FIRST_MS, this.#periodMs));
  }

  /** The limits are others now: what is too old by them goes soon. */
  retime(): void {
    if (this.#timer !== undefined) this.start();
  }

  /** One pass, unless there was one within the period: for a program that runs again and again. */
  async passIfDue(): Promise<void> {
    const last = lstatSync(this.#layout.cleaned, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Math.abs(Date.now() - last) >= this.#periodMs) await this.#pass();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** An hour, or less for short limits. */
  get #periodMs(): number {
    const { cleanupAfterMs, failedCleanupAfterMs } = this.#limits;
    const ages = [cleanupAfterMs, failedCleanupAfterMs].filter((ms) => ms > 0);
    return Math.max(1000, Math.min(HOUR_MS, ...ages));
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      // A pass under way is not begun a second time beside itself.
      this.#timer = undefined;
      await this.#pass();
      if (!this.#stopped) this.#schedule(this.#periodMs);
    }, waitMs);
  }

  async #pass(): Promise<void> {
    const { processed, failed, status } = this.#layout;
    const { cleanupAfterMs, failedCleanupAfterMs, stateRetentionMs } = this.#limits;
    // Both kinds have a status: it goes with the one that is kept longer.
    const never = cleanupAfterMs === 0 || failedCleanupAfterMs === 0;
    const statusAfterMs = never ? 0 : Math.max(cleanupAfterMs, failedCleanupAfterMs);
    let removed = 0;
    removed += await this.#removeOld(processed, cleanupAfterMs);
    removed += await this.#removeOld(failed, failedCleanupAfterMs);
    removed += await this.#removeOld(status, statusAfterMs);
    this.#markPass();
    this.#meter.removed(removed);
    const forgotten = this.#store.prune(Date.now() - stateRetentionMs);
    if (removed + forgotten > 0) {
      this.#log.info(`cleaned up: ${removed} old files removed, ${forgotten} entries forgotten`);
    }
  }

  #markPass(): void {
    try {
      writeFileSync(this.#layout.cleaned, '');
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }

  async #removeOld(directory: string, afterMs: number): Promise<number> {
    if (afterMs === 0) return 0;
    const before = Date.now() - afterMs;
    let removed = 0;
    try {
      for await (const { name } of await opendir(directory)) {
        if (this.#stopped) break;
        if (isOurs(name) && removeIfOld(join(directory, name), before)) removed++;
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.#log.warn(`cannot clean up ${directory}: ${String(error)}`);
    }
    return removed;
  }
}

/** Files that somebody else put there are left alone. */
function isOurs(name: string): boolean {
  return isIntentName(name.replace(/\.(status|error\.log)$/, ''));
}

function removeIfOld(path: string, before: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || found.isDirectory() || found.ctimeMs >= before) return false;
  // It may be gone since: operators clean up too.
  rmSync(path, { force: true });
  return true;
}
