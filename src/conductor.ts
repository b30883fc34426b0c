import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Progress } from './cli/progress.ts';
import { ConfigError } from './config/error.ts';
import type { Settings } from './config/settings.ts';
import { formatDuration } from './config/units.ts';
import { EXIT, Lifecycle } from './lifecycle.ts';
import { Concluder } from './pipeline/concluder.ts';
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
import { DirectoryError, ensureDirectories } from './spool/directories.ts';
import { Intake, type IntakeEvents } from './spool/intake.ts';
import { isJournalSegment, type Layout, layoutOf } from './spool/layout.ts';
import { Lease, LeaseRefused } from './spool/lease.ts';
import { Retention } from './spool/retention.ts';
import { Store } from './state/store.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { Pool } from './workers/pool.ts';

/** The embedded porch can share its syncs among this many packages. */
const BUILTIN_RUNS_PER_THREAD = 64;

export type ConductorContext = { warnings: readonly string[]; version: string };

/**
 * Runs the program with these settings until it is done or told to stop, and gives the exit code.
 * Throws ConfigError for what keeps it from starting.
 */
export async function runConductor(settings: Settings, context: ConductorContext): Promise<number> {
  // Files and directories get exactly the modes that they are made with.
  process.umask(0o022);
  const progress = settings.once && process.stderr.isTTY ? new Progress() : null;
  const log = await createLog({
    level: settings.logLevel,
    format: settings.logFormat,
    service: 'conductor-loop',
    version: context.version,
    environment: settings.environment,
    instance: settings.instance,
    beforeLine: () => progress?.clear(),
  });
  endOnFault(log);
  for (const warning of context.warnings) log.warn(warning);
  try {
    return await (await assemble(settings, log, progress)).run();
  } catch (error) {
    throw startError(error, settings.handoff);
  }
}

/** Takes directory and state into possession and joins the parts: the one place that knows all. */
async function assemble(
  settings: Settings,
  log: Log,
  progress: Progress | null,
): Promise<Lifecycle> {
  const porch = executable(settings);
  const layout = layoutOf(settings.handoff, settings.instance);
  const life = randomBytes(6).toString('hex');
  for (const path of [settings.handoff, settings.out]) makeDirectory(path);
  ensureDirectories(layout);
  const { instance, leaseTtlMs } = settings;
  const waiting = (message: string) => log.info(message);
  const lease = await Lease.acquire(layout, { instance, life, ttlMs: leaseTtlMs, waiting });
  if (porch === 'builtin') mendPackages(settings.out);

  let goOn = () => {};
  const hold = createHold(log, () => goOn());
  const store = await openStore(settings, layout, life, hold, log);
  const runsPerThread = porch === 'builtin' ? BUILTIN_RUNS_PER_THREAD : 1;
  const pool = new Pool({
    runners: settings.maxWorkers,
    runsPerThread,
    limits: settings,
    spawner: porch === 'builtin' ? 'node' : chooseSpawner(settings.porchSpawner, log),
  });
  const count = settings.maxWorkers * runsPerThread;
  const slots = new Slots(
    count,
    () => pool.runsAreShort,
    () => pipeline.pump(),
  );
  const strays = new Strays((count) => {
    log.warn({ error_type: 'porch' }, `ended ${count} processes that porch had left behind`);
  });
  const tally = new Tally();
  const filing = new Filing({ layout, store, hold });
  const base = { settings, log, layout, hold, store, pool, slots, strays, tally };
  const processor = new Processor({ ...base, porch, life });
  const intake = createIntake(settings, log, {
    arrived: () => lifecycle.arrived(),
    changed: (name) => {
      pool.warm();
      pipeline.changed(name);
    },
    taken: (name) => pipeline.has(name),
    directory: (name) => {
      log.warn({ intent_file: name }, `${name} is a directory: it is left alone`);
    },
    looked: (error) => lifecycle.looked(error),
    unwatched: (error) => {
      const why = error instanceof Error ? error.message : String(error);
      const every = formatDuration(settings.periodMs);
      log.warn(
        { error_type: 'spool' },
        `no notifications of ${settings.handoff} (${why}): it is read every ${every} instead; ` +
          'raise fs.inotify.max_user_watches or max_user_instances',
      );
    },
  });
  const successLevel = progress ? 'debug' : 'info';
  const concluder = new Concluder({ ...base, filing, successLevel });
  const pipeline = new Pipeline({
    ...base,
    ...{ processor, concluder, intake, scheduler: new Scheduler<Job>() },
    progressed: () => lifecycle.progressed(),
  });
  const retention = new Retention(layout, settings, store, log);
  const { predecessors } = lease;
  const lifecycle: Lifecycle = new Lifecycle({
    ...base,
    ...{ progress, lease, intake, pipeline, retention },
    recover: () => recover({ ...base, filing, pipeline, predecessors }),
  });
  goOn = () => lifecycle.arrived();
  return lifecycle;
}

function executable({ porch }: Settings): string {
  const found = findPorch(porch, process.env.PATH);
  if ('problem' in found) throw new ConfigError([found.problem]);
  return found.path;
}

function openStore(
  { instance }: Settings,
  layout: Layout,
  life: string,
  hold: Hold,
  log: Log,
): Promise<Store> {
  return Store.open({
    snapshot: layout.snapshot,
    journal: layout.journal,
    leftSegments: readdirSync(layout.handoff)
      .filter(isJournalSegment)
      .map((name) => join(layout.handoff, name)),
    instance,
    life,
    guard: (what, step) => hold.guard('disk', what, step),
    report: (message, damaged) => {
      if (damaged) log.error({ error_type: 'state', error_code: 'E009' }, message);
      else log.info(message);
    },
  });
}

function createIntake(settings: Settings, log: Log, events: IntakeEvents): Intake {
  const { handoff, once, poll, periodMs } = settings;
  const network = networkFileSystem(handoff);
  const polling = poll === 'auto' ? network !== null : poll;
  if (polling && !once) {
    const why = network === null ? 'as configured' : `notifications do not cross ${network}`;
    log.info(`reading ${handoff} every ${formatDuration(periodMs)}: ${why}`);
  }
  return new Intake(handoff, { ...settings, watch: !polling && !once }, events);
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

/** What no part of the program has foreseen ends it, with one line: the next start goes on. */
function endOnFault(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.debug({ err: error }, 'fault');
    log.fatal(
      { error_type: 'fault' },
      `conductor-loop itself is at fault and ends: ${error.message}; nothing is lost, the next ` +
        'start goes on; please report it with what -log-level debug says',
    );
    process.exit(EXIT.unusable);
  });
}

function createHold(log: Log, goOn: () => void): Hold {
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
      goOn();
    },
  });
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
