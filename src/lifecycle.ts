import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from './cli/progress.ts';
import type { Settings } from './config/settings.ts';
import { formatDuration } from './config/units.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import type { Recovered } from './pipeline/recovery.ts';
import type { Strays } from './pipeline/strays.ts';
import type { Tally } from './pipeline/tally.ts';
import type { Hold } from './queue/hold.ts';
import { onStopSignals, signalExitCode } from './signals.ts';
import { assertUsable, ensureDirectories } from './spool/directories.ts';
import type { Intake } from './spool/intake.ts';
import type { Layout } from './spool/layout.ts';
import type { Lease } from './spool/lease.ts';
import type { Retention } from './spool/retention.ts';
import type { Store } from './state/store.ts';
import type { Log } from './telemetry/log.ts';
import type { Pool } from './workers/pool.ts';

/** Exit codes, docs/reference.md. */
export const EXIT = { ok: 0, unusable: 2, failures: 8 } as const;

/** porch gets this long between SIGTERM and the end of the shutdown. */
const LAST_GRACE_MS = 5000;

/** What has to be over at once gets this long. */
const LAST_STEP_MS = 1000;

/** The parts of the running program that its life is made of. */
export type Parts = {
  settings: Settings;
  log: Log;
  progress: Progress | null;
  layout: Layout;
  lease: Lease;
  hold: Hold;
  store: Store;
  pool: Pool;
  strays: Strays;
  tally: Tally;
  intake: Intake;
  pipeline: Pipeline;
  retention: Retention;
  recover(): Promise<Recovered>;
};

/** Why the program ends. */
type End =
  | { kind: 'signal'; signal: NodeJS.Signals }
  | { kind: 'done' }
  /** `--once` has waited long enough for a disk or a porch that refuses to work. */
  | { kind: 'held' }
  | { kind: 'unusable'; message: string };

/** From the first look to the exit code: recovery, watching or one backlog, and the way out. */
export class Lifecycle {
  readonly #parts: Parts;
  readonly #handoffInode: number;
  readonly #ended = Promise.withResolvers<End>();
  #checking = false;
  #listed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#handoffInode = statSync(parts.settings.handoff).ino;
  }

  /** Resolves with the exit code when everything is done or the program was told to stop. */
  async run(): Promise<number> {
    const { settings, log, lease, progress, tally, pipeline } = this.#parts;
    this.#listenForSignals();
    lease.keep(settings.leaseTtlMs / 3, (by) => {
      const message = `the lease on ${settings.handoff} was taken over by ${by}`;
      this.#end({ kind: 'unusable', message });
    });
    progress?.start(() => ({ done: tally.done, failures: tally.failures, open: pipeline.open }));
    const begunMs = performance.now();
    void this.#work();
    const end = await this.#ended.promise;
    if (end.kind === 'signal') log.info(`stopping: ${end.signal} received`);
    if (end.kind === 'unusable') log.error({ error_type: 'spool' }, end.message);
    if (end.kind === 'done') await this.#parts.retention.passIfDue();
    const clean = await this.#shutDown(end);
    progress?.stop();
    if (settings.once) this.#summarise(performance.now() - begunMs);
    return this.#exitCode(end, clean);
  }

  /** Something has settled. Nothing begins before the first look is over, for the order's sake. */
  arrived(): void {
    if (this.#listed) this.#parts.pipeline.pump();
  }

  /** A step is done; `--once` ends with the last one. */
  progressed(): void {
    const { settings, pipeline, hold } = this.#parts;
    if (settings.once && this.#listed && pipeline.idle && !hold.active) this.#end({ kind: 'done' });
  }

  /** The directory could be read (null) or not: then the queue is held until it can. */
  looked(error: unknown): void {
    if (error === null) this.#checkHandoff();
    if (error === null || this.#checking) return;
    const { settings, layout, hold, intake } = this.#parts;
    this.#checking = true;
    let failure: unknown = error;
    void hold
      .guard('disk', `read ${settings.handoff}`, () => {
        const first = failure;
        failure = null;
        if (first !== null) throw first;
        assertUsable(layout);
        ensureDirectories(layout);
      })
      .then(() => {
        this.#checking = false;
        return intake.look();
      });
  }

  async #work(): Promise<void> {
    const { settings, log, store, intake, pipeline, retention, recover } = this.#parts;
    const { handoff, porch, once, maxWorkers } = settings;
    const { filed, resumed } = await recover();
    if (filed + resumed > 0) {
      log.info(
        `finished what was interrupted: ${filed} recorded intents filed, ${resumed} begun again`,
      );
    }
    if (store.dirty) void store.compact();
    log.info(
      { handoff, porch, max_workers: maxWorkers, history: store.size },
      once ? `working off ${handoff}` : `watching ${handoff}`,
    );
    if (once) this.#watchHold();
    else retention.start();
    await (once ? intake.look() : intake.start());
    this.#listed = true;
    pipeline.pump();
  }

  /** Claims, journal and lease are in the directory that we began with, and in no other. */
  #checkHandoff(): void {
    const { handoff } = this.#parts.settings;
    const found = statSync(handoff, { throwIfNoEntry: false });
    if (!found || found.ino === this.#handoffInode) return;
    const message = `${handoff} was replaced by another directory: start again to work on that one`;
    this.#end({ kind: 'unusable', message });
  }

  #watchHold(): void {
    const { hold, settings } = this.#parts;
    const timer = setInterval(() => {
      this.progressed();
      if (hold.heldMs >= settings.holdTimeoutMs) this.#end({ kind: 'held' });
    }, 100);
    void this.#ended.promise.then(() => clearInterval(timer));
  }

  #end(end: End): void {
    this.#ended.resolve(end);
  }

  #listenForSignals(): void {
    const { pool, strays, log } = this.#parts;
    onStopSignals(
      (signal) => this.#end({ kind: 'signal', signal }),
      (signal) => {
        pool.cancel('SIGKILL');
        strays.sweep();
        log.warn('stopping at once: what is claimed is taken up at the next start');
        // The threads need a moment to pass the signal on to porch.
        setTimeout(() => process.exit(signalExitCode(signal)), 200);
      },
    );
  }

  /**
   * Ends everything within `shutdown_grace`: nothing new begins, porch may finish, is told to stop 5
   * seconds before the end and killed at the end. True where nothing was left undone.
   */
  async #shutDown(end: End): Promise<boolean> {
    const { settings, pool, hold, pipeline, intake, retention, strays } = this.#parts;
    const grace = end.kind === 'held' ? 0 : settings.shutdownGraceMs;
    const deadline = performance.now() + grace;
    const left = () => Math.max(0, deadline - performance.now());
    intake.stop();
    retention.stop();
    hold.silence();
    const stopped = pipeline.stop().then(() => true);
    let clean = await within(stopped, left() - LAST_GRACE_MS);
    if (!clean) {
      pool.cancel('SIGTERM');
      clean = await within(stopped, left());
    }
    if (!clean) {
      pool.cancel('SIGKILL');
      clean = await within(stopped, LAST_STEP_MS);
    }
    strays.sweep();
    await within(
      pool.close().then(() => true),
      LAST_STEP_MS,
    );
    // Without their threads the last runs count as cancelled and are given back.
    if (!clean) clean = await within(stopped, LAST_STEP_MS);
    if (!clean) {
      hold.abandon();
      pipeline.abandon();
    }
    return (await this.#release(end, left() + LAST_STEP_MS)) && clean;
  }

  /** The journal is closed last of what is written, and the lease given back after that. */
  async #release(end: End, withinMs: number): Promise<boolean> {
    const { store, lease, log } = this.#parts;
    const closing = end.kind === 'unusable' ? store.abandon() : store.close();
    const closed = await within(
      closing.then(() => true),
      withinMs,
    );
    if (!closed) log.error({ error_type: 'state' }, 'the state could not be written at the end');
    lease.release();
    return closed;
  }

  #summarise(ms: number): void {
    const { log, tally, pipeline } = this.#parts;
    const { done } = tally;
    const rate = Math.round(done / (ms / 1000));
    const left = pipeline.stuck.size + pipeline.open;
    const rest = left > 0 ? `, ${left} left` : '';
    log.info(
      { done, left, ...tally.outcomes },
      `${done} done in ${formatDuration(ms)} (${rate}/s): ${tally.summary()}${rest}`,
    );
  }

  #exitCode(end: End, clean: boolean): number {
    const { settings, pipeline, tally } = this.#parts;
    if (end.kind === 'held' || end.kind === 'unusable' || !clean) return EXIT.unusable;
    if (!settings.once) return EXIT.ok;
    if (end.kind === 'signal') return signalExitCode(end.signal);
    if (pipeline.stuck.size > 0) return EXIT.unusable;
    return tally.failures > 0 ? EXIT.failures : EXIT.ok;
  }
}

/** False where it takes longer than `ms`. */
function within(work: Promise<boolean>, ms: number): Promise<boolean> {
  return Promise.race([work, delay(Math.max(0, ms), false, { ref: false })]);
}
