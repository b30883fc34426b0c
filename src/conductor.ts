import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Progress } from './cli/progress.ts';
import { ConfigError } from './config/error.ts';
import type { Settings } from './config/settings.ts';
import { formatDuration } from './config/units.ts';
import { Filing } from './pipeline/filing.ts';
import type { Job } from './pipeline/job.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { Processor } from './pipeline/processor.ts';
import { recover } from './pipeline/recovery.ts';
import { Slots } from './pipeline/slots.ts';
import { Strays } from './pipeline/strays.ts';
import { Tally } from './pipeline/tally.ts';
import { errnoOf, networkFileSystem } from './platform/index.ts';
import { mendPackages } from './porch/builtin/mend.ts';
import { findPorch } from './porch/find.ts';
import { nativeSpawnerProblem } from './porch/native/spawner.ts';
import type { SpawnerName } from './porch/types.ts';
import { Hold } from './queue/hold.ts';
import { Scheduler } from './queue/scheduler.ts';
import { onStopSignals, signalExitCode } from './signals.ts';
import { assertUsable, DirectoryError, ensureDirectories } from './spool/directories.ts';
import { Intake } from './spool/intake.ts';
import { isJournalSegment, type Layout, layoutOf } from './spool/layout.ts';
import { Lease, LeaseRefused } from './spool/lease.ts';
import { Retention } from './spool/retention.ts';
import { Store } from './state/store.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { Pool } from './workers/pool.ts';

/** Exit codes, docs/reference.md. */
const EXIT = { ok: 0, unusable: 2, failures: 8 } as const;

/** The embedded porch can share its syncs among this many packages. */
const BUILTIN_RUNS_PER_THREAD = 64;

/** porch gets this long between SIGTERM and the end of the shutdown. */
const LAST_GRACE_MS = 5000;

export type ConductorContext = { warnings: readonly string[]; version: string };

/** Why the program ends. */
type End =
  | { kind: 'signal'; signal: NodeJS.Signals }
  | { kind: 'done' }
  | { kind: 'held' }
  | { kind: 'unusable'; message: string };

/**
 * Runs the program with these settings until it is done or told to stop, and gives the exit code.
 * Throws ConfigError for what keeps it from starting.
 */
export async function runConductor(settings: Settings, context: ConductorContext): Promise<number> {
  // Files and directories get exactly the modes that they are made with.
  process.umask(0o022);
  const log = await createLog({
    level: settings.logLevel,
    format: settings.logFormat,
    service: 'conductor-loop',
    version: context.version,
    environment: settings.environment,
    instance: settings.instance,
  });
  for (const warning of context.warnings) log.warn(warning);
  const conductor = await Conductor.start(settings, log);
  return conductor.run();
}

/** The parts of the running program, joined. */
class Conductor {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #layout: Layout;
  readonly #lease: Lease;
  readonly #hold: Hold;
  readonly #store: Store;
  readonly #pool: Pool;
  readonly #intake: Intake;
  readonly #pipeline: Pipeline;
  readonly #strays: Strays;
  readonly #tally = new Tally();
  readonly #retention: Retention;
  readonly #recover: () => ReturnType<typeof recover>;
  readonly #ended = Promise.withResolvers<End>();
  #looking = false;
  #listed = false;

  /** Takes the directory and the state into possession. Throws ConfigError. */
  static async start(settings: Settings, log: Log): Promise<Conductor> {
    const porch = findPorch(settings.porch, process.env.PATH);
    if ('problem' in porch) throw new ConfigError([porch.problem]);
    const layout = layoutOf(settings.handoff, settings.instance);
    const life = randomBytes(6).toString('hex');
    try {
      for (const path of [settings.handoff, settings.out]) makeDirectory(path);
      ensureDirectories(layout);
      if (porch.path === 'builtin') mendPackages(settings.out);
      const lease = await Lease.acquire(layout, {
        instance: settings.instance,
        life,
        ttlMs: settings.leaseTtlMs,
        waiting: (message) => log.info(message),
      });
      return await Conductor.#withLease(settings, log, layout, lease, life, porch.path);
    } catch (error) {
      throw startError(error, settings.handoff);
    }
  }

  static async #withLease(
    settings: Settings,
    log: Log,
    layout: Layout,
    lease: Lease,
    life: string,
    porch: string,
  ): Promise<Conductor> {
    const hold = createHold(log);
    const store = await Store.open({
      snapshot: layout.snapshot,
      journal: layout.journal,
      leftSegments: readdirSync(layout.handoff)
        .filter(isJournalSegment)
        .map((name) => join(layout.handoff, name)),
      instance: settings.instance,
      life,
      guard: (what, step) => hold.guard('disk', what, step),
      report: (message, damaged) => {
        if (damaged) log.error({ error_type: 'state', error_code: 'E009' }, message);
        else log.info(message);
      },
    });
    return new Conductor(settings, log, layout, lease, hold, store, life, porch);
  }

  private constructor(
    settings: Settings,
    log: Log,
    layout: Layout,
    lease: Lease,
    hold: Hold,
    store: Store,
    life: string,
    porch: string,
  ) {
    this.#settings = settings;
    this.#log = log;
    this.#layout = layout;
    this.#lease = lease;
    this.#hold = hold;
    this.#store = store;
    const runsPerThread = porch === 'builtin' ? BUILTIN_RUNS_PER_THREAD : 1;
    this.#pool = new Pool({
      runners: settings.maxWorkers,
      runsPerThread,
      limits: settings,
      spawner: porch === 'builtin' ? 'node' : chooseSpawner(settings.porchSpawner, log),
    });
    this.#strays = new Strays((count) => {
      log.warn({ error_type: 'porch' }, `ended ${count} processes that porch had left behind`);
    });
    const slots = new Slots(settings.maxWorkers * runsPerThread);
    const tally = this.#tally;
    const filing = new Filing({ layout, store, hold });
    const [pool, strays] = [this.#pool, this.#strays];
    const processor = new Processor({
      ...{ settings, porch, layout, life, hold, store, pool, slots, strays, tally, log },
    });
    this.#intake = this.#createIntake();
    this.#pipeline = new Pipeline({
      ...{ settings, layout, log, hold, pool, slots, processor, filing, tally },
      intake: this.#intake,
      scheduler: new Scheduler<Job>(),
      progressed: () => this.#progressed(),
    });
    this.#retention = new Retention(layout, settings, store, log);
    const predecessors = lease.predecessors;
    this.#recover = () =>
      recover({ layout, store, hold, filing, pipeline: this.#pipeline, strays, predecessors });
  }

  async run(): Promise<number> {
    const { once, leaseTtlMs, handoff } = this.#settings;
    this.#listenForSignals();
    this.#lease.keep(leaseTtlMs / 3, (by) => {
      this.#end({ kind: 'unusable', message: `the lease on ${handoff} was taken over by ${by}` });
    });
    const progress = new Progress(this.#tally, () => this.#pipeline.open);
    if (once && process.stderr.isTTY) progress.start();
    const begun = performance.now();
    void this.#work();
    const end = await this.#ended.promise;
    if (end.kind === 'signal') this.#log.info(`stopping: ${end.signal} received`);
    if (end.kind === 'unusable') this.#log.error({ error_type: 'spool' }, end.message);
    const clean = await this.#shutDown(end);
    progress.stop();
    if (once || end.kind === 'held') this.#summarise(performance.now() - begun);
    return this.#exitCode(end, clean);
  }

  async #work(): Promise<void> {
    const { handoff, porch, once, maxWorkers } = this.#settings;
    const { filed, resumed } = await this.#recover();
    if (filed + resumed > 0) {
      this.#log.info(
        `finished what was interrupted: ${filed} recorded intents filed, ${resumed} begun again`,
      );
    }
    if (this.#store.dirty) void this.#store.compact();
    this.#log.info(
      { handoff, porch, max_workers: maxWorkers, history: this.#store.size },
      once ? `working off ${handoff}` : `watching ${handoff}`,
    );
    this.#retention.start();
    await (once ? this.#intake.look() : this.#intake.start());
    this.#listed = true;
    this.#pipeline.pump();
    if (once) this.#watchHold();
  }

  #createIntake(): Intake {
    const { handoff, once, poll } = this.#settings;
    const network = networkFileSystem(handoff);
    const polling = poll === 'auto' ? network !== null : poll;
    if (polling && !once) {
      const why = network === null ? 'as configured' : `notifications do not cross ${network}`;
      this.#log.info(`reading ${handoff} every ${formatDuration(this.#settings.periodMs)}: ${why}`);
    }
    return new Intake(
      handoff,
      { ...this.#settings, watch: !polling && !once },
      {
        arrived: () => this.#listed && this.#pipeline.pump(),
        changed: (name) => this.#pipeline.changed(name),
        taken: (name) => this.#pipeline.has(name),
        directory: (name) => {
          this.#log.warn({ intent_file: name }, `${name} is a directory: it is left alone`);
        },
        looked: (error) => this.#looked(error),
      },
    );
  }

  /** Where the directory cannot be read, the queue is held until it can. */
  #looked(error: unknown): void {
    if (error === null || this.#looking) return;
    this.#looking = true;
    const { handoff } = this.#settings;
    let first: unknown = error;
    void this.#hold
      .guard('disk', `read ${handoff}`, () => {
        const failure = first;
        first = null;
        if (failure !== null) throw failure;
        ensureDirectories(this.#layout);
        assertUsable(this.#layout);
      })
      .then(() => {
        this.#looking = false;
        return this.#intake.look();
      });
  }

  #progressed(): void {
    if (this.#settings.once && this.#listed && this.#pipeline.idle && !this.#hold.active) {
      this.#end({ kind: 'done' });
    }
  }

  /** `--once` does not wait for ever for a disk or a porch that refuses to work. */
  #watchHold(): void {
    const timer = setInterval(() => {
      this.#progressed();
      if (this.#hold.heldMs >= this.#settings.holdTimeoutMs) this.#end({ kind: 'held' });
    }, 100);
    void this.#ended.promise.then(() => clearInterval(timer));
  }

  #end(end: End): void {
    this.#ended.resolve(end);
  }

  #listenForSignals(): void {
    onStopSignals(
      (signal) => this.#end({ kind: 'signal', signal }),
      (signal) => {
        this.#pool.cancel('SIGKILL');
        this.#strays.sweep();
        this.#log.warn('stopping at once: what is claimed is taken up at the next start');
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
    const grace = end.kind === 'held' ? 0 : this.#settings.shutdownGraceMs;
    const deadline = performance.now() + grace;
    const until = (ms: number) => Math.max(0, deadline - ms - performance.now());
    this.#intake.stop();
    this.#retention.stop();
    const stopped = this.#pipeline.stop().then(() => true);
    const within = (ms: number) => Promise.race([stopped, delay(ms, false, { ref: false })]);
    let clean = await within(until(LAST_GRACE_MS));
    if (!clean) {
      this.#pool.cancel('SIGTERM');
      clean = await within(until(0));
    }
    if (!clean) {
      this.#pool.cancel('SIGKILL');
      clean = await within(1000);
    }
    if (!clean) {
      this.#hold.abandon();
      this.#pipeline.abandon();
    }
    this.#strays.sweep();
    const closed = this.#store.close().then(() => true);
    const closedInTime = await Promise.race([
      closed,
      delay(until(0) + 1000, false, { ref: false }),
    ]);
    await this.#pool.close();
    this.#lease.release();
    return clean && closedInTime;
  }

  #summarise(ms: number): void {
    const { done } = this.#tally;
    const rate = ms > 0 ? done / (ms / 1000) : 0;
    const left = this.#pipeline.stuck.size + this.#pipeline.open;
    const rest = left > 0 ? `, ${left} left` : '';
    this.#log.info(
      { done, left, ...this.#tally.outcomes },
      `${done} done in ${formatDuration(ms)} (${Math.round(rate)}/s): ` +
        `${this.#tally.summary()}${rest}`,
    );
  }

  #exitCode(end: End, clean: boolean): number {
    if (end.kind === 'held' || end.kind === 'unusable' || !clean) return EXIT.unusable;
    if (!this.#settings.once) return EXIT.ok;
    if (end.kind === 'signal') return signalExitCode(end.signal);
    if (this.#pipeline.stuck.size > 0) return EXIT.unusable;
    return this.#tally.failures > 0 ? EXIT.failures : EXIT.ok;
  }
}

function createHold(log: Log): Hold {
  return new Hold({
    held: (cause, what, error) => {
      const code = { disk: errnoOf(error) === 'ENOSPC' ? 'E011' : 'E005', porch: 'E006' }[cause];
      const why = error instanceof Error ? error.message : String(error);
      log.error(
        { error_type: cause, error_code: code },
        `the queue is held: could not ${what}: ${why}; nothing fails for it, it is tried again`,
      );
    },
    released: (cause, heldMs) => {
      log.info(`the queue goes on: ${cause} works again after ${formatDuration(heldMs)}`);
    },
  });
}

/** Throws ConfigError where the spawner that the settings want cannot be had. */
function chooseSpawner(wanted: Settings['porchSpawner'], log: Log): SpawnerName {
  const problem = wanted === 'node' ? null : nativeSpawnerProblem();
  if (wanted === 'native' && problem !== null) {
    throw new ConfigError([
      `porch_spawner native does not work here: ${problem}; use auto or node`,
    ]);
  }
  const spawner = wanted === 'node' || problem !== null ? 'node' : 'native';
  log.info(`porch is started by the ${spawner} spawner${problem === null ? '' : `: ${problem}`}`);
  return spawner;
}

/** A directory is made where its parent exists. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function startError(error: unknown, handoff: string): unknown {
  if (error instanceof LeaseRefused || error instanceof DirectoryError) {
    return new ConfigError([error.message]);
  }
  if (errnoOf(error) === undefined || !(error instanceof Error)) return error;
  return new ConfigError([`cannot start on ${handoff}: ${error.message}`]);
}
