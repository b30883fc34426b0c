import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Progress } from './cli/progress.ts';
import { ConfigError } from './config/error.ts';
import type { LoadedSettings } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import { createIntake } from './create-intake.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Observation } from './observe.ts';
import { openStore } from './open-store.ts';
import { Claims } from './pipeline/claims.ts';
import { Concluder } from './pipeline/concluder.ts';
import { Filing } from './pipeline/filing.ts';
import { Handover } from './pipeline/handover.ts';
import type { Job } from './pipeline/job.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { Processor } from './pipeline/processor.ts';
import { ReadHere } from './pipeline/read-here.ts';
import { recover } from './pipeline/recovery.ts';
import { Slots } from './pipeline/slots.ts';
import { Strays } from './pipeline/strays.ts';
import { Tally } from './pipeline/tally.ts';
import { FreedMemory, shareMemory } from './platform/freed-memory.ts';
import { errnoOf } from './platform/index.ts';
import { findPorch } from './porch/find.ts';
import { nativeSpawnerProblem } from './porch/native/spawner.ts';
import type { SpawnerName } from './porch/types.ts';
import { Scheduler } from './queue/scheduler.ts';
import { type ConfigSource, Reload } from './reload/reload.ts';
import { takeUp } from './reload/take-up.ts';
import { claimsOf } from './spool/claim.ts';
import { ensureDirectories } from './spool/directories.ts';
import { seemsToWait } from './spool/glimpse.ts';
import { Ground } from './spool/ground.ts';
import { layoutOf } from './spool/layout.ts';
import { Lease } from './spool/lease.ts';
import { Members } from './spool/members.ts';
import { Retention } from './spool/retention.ts';
import { runInSuccession } from './succession.ts';
import { Service } from './systemd/service.ts';
import { statusLine } from './systemd/status.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { type Meter, noMeter } from './telemetry/meter.ts';
import { createHold, endOnFault, endWhenHeld, messageOf, startError } from './trouble.ts';
import { Pool } from './workers/pool.ts';

/** The embedded porch can share its syncs among this many packages. */
const BUILTIN_RUNS_PER_THREAD = 64;

export type ConductorContext = {
  warnings: readonly string[];
  version: string;
  /** Where new settings come from while it runs. */
  source: ConfigSource;
};

/** What lasts from one directory to the next. */
type Surroundings = {
  log: Log;
  meter: Meter;
  progress: Progress | null;
  service: Service;
  reload: Reload;
};

/**
 * Runs the program with these settings until it is done or told to stop, and gives the exit code.
 * Throws ConfigError for what keeps it from starting.
 */
export async function runConductor(
  loaded: LoadedSettings,
  context: ConductorContext,
): Promise<number> {
  // Files and directories get exactly the modes that they are made with.
  process.umask(0o022);
  // The one object that all parts read: a reload replaces values in it.
  const settings = { ...loaded.settings };
  const wantedName = settings.instance;
  const progress = settings.once && process.stderr.isTTY ? new Progress() : null;
  const log = await createLog({
    level: settings.logLevel,
    format: settings.logFormat,
    service: 'conductor-loop',
    version: context.version,
    environment: settings.environment,
    instance: () => settings.instance,
    beforeLine: () => progress?.clear(),
  });
  endOnFault(log);
  for (const warning of context.warnings) log.warn(warning);
  const observation = await observe(settings, log, context.version, () => settings.instance);
  const meter = observation?.meter ?? noMeter;
  const service = new Service(process.env, (why) => log.warn(`systemd is not told: ${why}`));
  const reload = new Reload({ source: context.source, loaded, settings, log, service });
  let isFirst = true;
  const assembleOn = async () => {
    // One that was there is made by whoever took it away: he may be about to bring it back.
    if (isFirst) makeDirectory(settings.handoff);
    isFirst = false;
    const porch = executable(settings);
    const lease = takeLease(settings.handoff, wantedName);
    settings.instance = lease.instance;
    try {
      const lifecycle = await assemble(settings, porch, lease, {
        ...{ log, meter, progress, service, reload },
      });
      observation?.show(lifecycle);
      return lifecycle;
    } catch (error) {
      lease.release();
      throw error;
    }
  };
  service.begin();
  reload.begin();
  try {
    return await runInSuccession({
      assemble: assembleOn,
      refused: (error) => {
        const why = messageOf(startError(error, settings.handoff));
        const fields = { error_type: 'disk', error_code: 'E005' };
        meter.failed('E005');
        log.error(fields, `the queue is held: ${why}; nothing fails for it, it is tried again`);
      },
      times: settings,
    });
  } catch (error) {
    throw startError(error, settings.handoff);
  } finally {
    reload.end();
    service.end();
    // To the very end they say that the program is ending.
    await observation?.close();
  }
}

/** Opens the ports, where there are to be any. Throws ConfigError. */
async function observe(
  settings: Settings,
  log: Log,
  version: string,
  instance: () => string,
): Promise<Observation | null> {
  if (!settings.http.enabled) return null;
  // Loaded only here: whoever wants no ports starts faster and smaller without them.
  const { Observation } = await import('./observe.ts');
  return Observation.begin({ settings, log, version, instance });
}

/** Takes a name among those who work on this directory, for a new life of this program. */
function takeLease(handoff: string, instance: string): Lease {
  const life = randomBytes(6).toString('hex');
  ensureDirectories(layoutOf(handoff, instance, life));
  return Lease.acquire(join(handoff, '.inflight'), instance, life);
}

/** Takes the state into possession and joins the parts: the one place that knows them all. */
async function assemble(
  settings: Settings,
  porch: string,
  lease: Lease,
  { log, meter, progress, service, reload }: Surroundings,
): Promise<Lifecycle> {
  shareMemory();
  const { life } = lease;
  const layout = layoutOf(settings.handoff, lease.instance, life);
  makeDirectory(settings.out);
  const ground = new Ground(settings.handoff);
  ensureDirectories(layout);
  let goOn = () => {};
  let isLost = () => false;
  const hold = createHold(
    log,
    meter,
    () => goOn(),
    () => isLost(),
  );
  const members = new Members(layout.inflightRoot, lease, settings.leaseTtlMs, {
    lost: () => void hold.isHere,
    changed: (gained) => handover?.changed(gained),
    looked: () => {
      void store.tidy();
      freed.look(tally.done);
      handover?.looked();
      lifecycle.arrived();
    },
  });
  let handover: Handover | null = null;
  members.look();
  if (porch === 'builtin') {
    // Other porches need nothing of it, YAML least of all.
    const { mendPackages } = await import('./porch/builtin/mend.ts');
    mendPackages(settings.out);
  }

  const pool = new Pool({
    runners: settings.maxWorkers,
    runsPerThread: porch === 'builtin' ? BUILTIN_RUNS_PER_THREAD : 1,
    limits: settings,
    spawner: porch === 'builtin' ? 'builtin' : chooseSpawner(settings.porchSpawner, log),
  });
  const readHere = new ReadHere(settings, () => pool.isReaderReady);
  const prepareToRead = () => void readHere.prepare().catch(() => {});
  if (seemsToWait(settings.handoff)) {
    pool.warmForBacklog();
    prepareToRead();
  }
  // To read a long history may take longer than the others wait for a sign of life.
  members.keepAlive();
  const opening = settings.once ? endWhenHeld(hold, settings.holdTimeoutMs) : undefined;
  const store = await openStore(settings, layout, members, life, hold, log, meter)
    .catch(async (error) => {
      members.stop();
      await pool.close();
      throw error;
    })
    .finally(() => clearInterval(opening));
  const slots = new Slots(
    () => pool.runners.appetite,
    () => pipeline.pump(),
    () => pool.runners.reserve,
  );
  const strays = new Strays((count) => {
    log.warn({ error_type: 'porch' }, `ended ${count} processes that porch had left behind`);
  });
  const tally = new Tally();
  const freed = new FreedMemory();
  const filing = new Filing({ layout, store, hold, meter });
  const base = {
    settings,
    log,
    meter,
    layout,
    members,
    hold,
    store,
    pool,
    slots,
    strays,
    tally,
    porch,
  };
  const processor = new Processor({ ...base, life });
  const intake = createIntake(settings, log, {
    arrived: () => lifecycle.arrived(),
    changed: (name) => {
      pool.warm();
      prepareToRead();
      pipeline.changed(name);
    },
    taken: (name) => pipeline.has(name),
    takenAny: () => pipeline.hasAny,
    timeOf: (name) => pipeline.timeOf(name),
    awake: () => members.awake(),
    looked: (error) => lifecycle.looked(error),
    help: (rawNames) => pool.look(settings.handoff, rawNames),
  });
  const successLevel = progress ? 'debug' : 'info';
  const concluder = new Concluder({ ...base, filing, successLevel });
  const claims = new Claims({ ...base, intake });
  const pipeline = new Pipeline({
    ...base,
    ...{ processor, concluder, claims, intake, scheduler: new Scheduler<Job>() },
    readHere: (paths) => readHere.check(paths),
    waitFor: (job) => handover?.waitFor(job),
    mayBegin: () => lifecycle.hasLooked && members.mayClaim && handover?.underWay !== true,
    progressed: () => lifecycle.progressed(),
  });
  const retention = new Retention(layout, settings, store, log, meter);
  const settle = (claimed?: Set<string>) => recover({ ...base, filing, pipeline }, claimed);
  handover = new Handover({ ...base, intake, pipeline, settle: () => settle() });
  const lifecycle: Lifecycle = new Lifecycle({
    ...base,
    ...{ progress, lease, intake, claims, pipeline, retention, handover, service },
    recover: () => settle(new Set(claimsOf(layout, lease.instance))),
  });
  reload.follow(takeUp({ ...base, intake, retention, pipeline }));
  service.follow({
    status: () => statusLine({ ...base, pipeline }),
    ping: () => pool.ping(),
  });
  goOn = () => lifecycle.arrived();
  isLost = () => {
    if (ground.isLost()) lifecycle.lost();
    else if (lease.held) return false;
    else lifecycle.takenOver();
    return true;
  };
  return lifecycle;
}

function executable({ porch }: Settings): string {
  const found = findPorch(porch, process.env.PATH);
  if ('problem' in found) throw new ConfigError([found.problem]);
  return found.path;
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
