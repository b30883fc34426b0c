import { formatDuration } from './config/units.ts';
import { type End, EXIT, type Parts, type Phase } from './parts.ts';
import { shutDown } from './shutdown.ts';
import { onStopSignals, signalExitCode } from './signals.ts';
import { assertUsable, ensureDirectories } from './spool/directories.ts';
import { unlessLost } from './spool/ground.ts';

/** From the first look to the exit code: recovery, watching or one backlog, and the way out. */
export class Lifecycle {
  readonly #parts: Parts;
  readonly #ended = Promise.withResolvers<End>();
  #checking = false;
  #listed = false;
  #stopped = false;
  #ending = false;
  #recovered: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Resolves with the exit code when everything is done or the program was told to stop, or with
   * `replaced` when it is to be begun anew on the directory that took the place of ours.
   */
  async run(): Promise<number | 'replaced'> {
    const { settings, log, progress, tally, pipeline } = this.#parts;
    const unlisten = this.#listenForSignals();
    progress?.start(() => ({ done: tally.done, failures: tally.failures, open: pipeline.open }));
    const begunMs = performance.now();
    void this.#work().catch(unlessLost);
    const end = await this.#ended.promise;
    if (end.kind !== 'replaced') this.#parts.service.stopping();
    if (end.kind === 'signal') log.info(`stopping: ${end.signal} received`);
    if (end.kind === 'replaced') this.#sayReplaced();
    if (end.kind === 'taken-over') this.#sayTakenOver();
    if (end.kind === 'done') await this.#parts.retention.passIfDue();
    const clean = await shutDown(this.#parts, end, this.#recovered);
    progress?.stop();
    if (settings.once) this.#summarise(performance.now() - begunMs);
    unlisten();
    if (end.kind === 'replaced' && !settings.once && !this.#stopped) return 'replaced';
    return this.#exitCode(end, clean);
  }

  get parts(): Parts {
    return this.#parts;
  }

  /** Where in its life it is: until the first look is over it is starting. */
  get phase(): Phase {
    if (this.#ending) return 'stopping';
    return this.#listed ? 'running' : 'starting';
  }

  /** Whether the first look is over. */
  get started(): boolean {
    return this.#listed;
  }

  /** Claims, journal and lease are in a directory that is out of reach by now. */
  lost(): void {
    this.#end({ kind: 'replaced' });
  }

  /** Our lease is not in its place: what we claimed is in the hands of another. */
  takenOver(): void {
    this.#end({ kind: 'taken-over' });
  }

  /** Whether a look at everything is over: nothing begins before, for the order's sake. */
  get hasLooked(): boolean {
    return this.#listed && !this.#checking;
  }

  /** Something may have settled: then porch's thread starts beside the reader's. */
  arrived(): void {
    const { intake, pool, pipeline } = this.#parts;
    if (intake.settled > 0) pool.warm();
    if (this.#listed) pipeline.pump();
  }

  /** A step is done; `--once` ends with the last one. */
  progressed(): void {
    const { settings, pipeline, hold, handover } = this.#parts;
    if (!settings.once || !this.#listed || handover.underWay) return;
    if (pipeline.open === 0 && !hold.active) this.#end({ kind: 'done' });
  }

  /** The directory could be read (null) or not: then the queue is held until it can. */
  looked(error: unknown): void {
    const { settings, layout, hold, intake } = this.#parts;
    const { isHere } = hold;
    let failure = error ?? (isHere ? this.#damage() : null);
    if (isHere && failure === null) return;
    if (this.#checking) return;
    this.#checking = true;
    void hold
      .guard('disk', `read ${settings.handoff}`, () => {
        const first = failure;
        failure = null;
        if (first !== null) throw first;
        assertUsable(layout);
        ensureDirectories(layout);
      })
      // What could not be looked at meanwhile settles at once, so that nothing overtakes it.
      .then(() => intake.lookAnew())
      .then(() => {
        this.#checking = false;
        this.arrived();
      });
  }

  /** What is wrong with our own directories, null where nothing is; a missing one is made again. */
  #damage(): unknown {
    try {
      ensureDirectories(this.#parts.layout);
      return null;
    } catch (error) {
      return error;
    }
  }

  async #work(): Promise<void> {
    const { settings, log, store, intake, pipeline, retention, recover } = this.#parts;
    const { members, handover, service } = this.#parts;
    const { handoff, porch, once, maxWorkers } = settings;
    members.start();
    const recovery = recover();
    handover.begin(recovery);
    this.#recovered = recovery.catch(unlessLost);
    const { filed, resumed } = await recovery;
    if (this.#ending) return;
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
    service.ready();
    pipeline.pump();
  }

  #sayReplaced(): void {
    const { log, settings } = this.#parts;
    const next = settings.once ? 'start again to work on that one' : 'going on with that one';
    log.warn(
      { error_type: 'spool' },
      `${settings.handoff} was replaced by another directory: ${next}; what was claimed in the ` +
        'old one is in the old one',
    );
  }

  #sayTakenOver(): void {
    const { log, settings } = this.#parts;
    log.error(
      { error_type: 'spool' },
      `the lease on ${settings.handoff} was taken over: this instance gave no sign of life for ` +
        'lease_ttl, and another one goes on with what it had claimed; start it again',
    );
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
    this.#ending = true;
    this.#ended.resolve(end);
  }

  #listenForSignals(): () => void {
    const { pool, strays, log } = this.#parts;
    return onStopSignals(
      (signal) => {
        this.#stopped = true;
        this.#end({ kind: 'signal', signal });
      },
      (signal) => {
        pool.runners.cancel('SIGKILL');
        strays.sweep();
        log.warn('stopping at once: what is claimed is taken up at the next start');
        // The threads need a moment to pass the signal on to porch.
        setTimeout(() => process.exit(signalExitCode(signal)), 200);
      },
    );
  }

  #summarise(ms: number): void {
    const { log, tally, claims, pipeline, handover } = this.#parts;
    const { done } = tally;
    const rate = Math.round(done / (ms / 1000));
    const left = claims.stuck.size + pipeline.open + handover.leftToOthers;
    const rest = left > 0 ? `, ${left} left` : '';
    log.info(
      { done, left, ...tally.outcomes },
      `${done} done in ${formatDuration(ms)} (${rate}/s): ${tally.summary()}${rest}`,
    );
  }

  #exitCode(end: End, clean: boolean): number {
    const { settings, claims, tally } = this.#parts;
    if (end.kind === 'held' || end.kind === 'taken-over' || !clean) return EXIT.unusable;
    if (!settings.once) return EXIT.ok;
    if (end.kind === 'replaced') return EXIT.unusable;
    if (end.kind === 'signal') return signalExitCode(end.signal);
    if (claims.stuck.size > 0) return EXIT.unusable;
    return tally.failures > 0 ? EXIT.failures : EXIT.ok;
  }
}
