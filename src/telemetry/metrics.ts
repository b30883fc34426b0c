import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { errorCodes } from '../intent/codes.ts';
import type { Suspicion } from '../intent/suspicion.ts';
import type { Refusal } from '../intent/types.ts';
import { aliases } from './aliases.ts';
import { expose, type Format } from './exposition.ts';
import { type Meter, stateOperations } from './meter.ts';
import { eventsOf, securityEvents } from './security-events.ts';

/** What is not counted but looked up at each scrape. Nothing here may take long. */
export type Levels = {
  activeWorkers: number;
  maxWorkers: number;
  queueSize: number;
  stateEntries: number;
  /** Bytes of snapshot and journals. */
  stateFileSize: number;
  /** Files by directory. */
  files: Readonly<Record<string, number>>;
};

export type MetricsOptions = {
  version: string;
  runtime: string;
  levels(): Levels;
};

/** From what a porch that does nothing takes to the longest that an intent may ask for. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** The loop's delay is measured this often: more would wake an idle program again and again. */
const LOOP_PRECISION_MS = 100;

const refusalCodes = ['E001', 'E002', 'E003', 'E004', 'E012', 'E014', 'E015', 'E016'] as const;
const allCodes = Object.keys(errorCodes);

/** Counts what happens and tells Prometheus. Names and meanings are in docs/metrics.md. */
export function createMetrics({ version, runtime, levels }: MetricsOptions) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_PRECISION_MS });
  const add = factory(registry);
  add
    .gauge('conductor_build_info', 'Always 1; the labels say what runs.', ['version', 'runtime'])
    .labels(version, runtime)
    .set(1);
  addLevels(add, levels);
  const meter = createMeter(add);
  return { meter, render: (format: Format) => expose(registry, aliases, format) };
}

type Factory = ReturnType<typeof factory>;

function factory(registry: Registry) {
  const registers = [registry];
  return {
    /** Each of the `values` of the one label begins at 0, so that the first event is an increase. */
    counter<L extends string>(
      name: string,
      help: string,
      labelNames: L[] = [],
      values: readonly string[] = [],
    ) {
      const counter = new Counter({ name, help, labelNames, registers });
      for (const value of values) counter.labels(value).inc(0);
      return counter;
    },
    gauge<L extends string>(
      name: string,
      help: string,
      labelNames: L[] = [],
      collect?: () => void,
    ) {
      return new Gauge({ name, help, labelNames, registers, ...(collect ? { collect } : {}) });
    },
    histogram(name: string, help: string) {
      return new Histogram({ name, help, buckets: SECONDS, registers });
    },
  };
}

/** The gauges share one look: the first of them that is collected sets all. */
function addLevels(add: Factory, levels: () => Levels): void {
  const active = add.gauge('conductor_active_workers', 'Workers that run porch now.', [], () => {
    const now = levels();
    active.set(now.activeWorkers);
    max.set(now.maxWorkers);
    queue.set(now.queueSize);
    entries.set(now.stateEntries);
    bytes.set(now.stateFileSize);
    for (const [directory, count] of Object.entries(now.files)) {
      files.labels(directory).set(count);
    }
  });
  const max = add.gauge('conductor_max_workers', 'Workers that there may be.');
  const queue = add.gauge(
    'conductor_queue_size',
    "This instance's share of the intents that wait for their turn.",
  );
  const entries = add.gauge(
    'conductor_state_entries_total',
    'Names whose latest outcome is remembered.',
  );
  const bytes = add.gauge(
    'conductor_state_file_size_bytes',
    'Size of the state snapshot and the journals on disk.',
  );
  const files = add.gauge(
    'conductor_directory_files',
    'Files in a directory of the spool: intents, or statuses in status/.',
    ['directory'],
  );
}

function createMeter(add: Factory): Meter {
  const processed = add.counter(
    'conductor_files_processed_total',
    'Intents brought to their end, by outcome; a timeout counts as failed.',
    ['status'],
    ['success', 'failed', 'skipped'],
  );
  const failures = add.counter(
    'conductor_files_failed_total',
    'Intents that were refused, failed or timed out.',
  );
  const duration = add.histogram(
    'conductor_files_processing_duration_seconds',
    'Time from claim to conclusion of intents that porch ran for, retries included.',
  );
  const porchDuration = add.histogram(
    'conductor_porch_execution_duration_seconds',
    'Time of each run of porch.',
  );
  const executions = add.counter(
    'conductor_porch_executions_total',
    'Runs of porch.',
    ['mode'],
    ['direct', 'structured'],
  );
  const timeouts = add.counter(
    'conductor_porch_timeout_total',
    'Runs of porch that its time limit ended.',
  );
  const retries = add.counter(
    'conductor_retries_total',
    'Runs of porch that failed and were to be repeated.',
  );
  const state = add.counter(
    'conductor_state_operations_total',
    'Operations on the state: load, record (an outcome), snapshot, prune.',
    ['operation'],
    stateOperations,
  );
  const moves = add.counter(
    'conductor_file_manager_operations_total',
    'Files moved to their place, and old files removed.',
    ['operation'],
    ['move_processed', 'move_failed', 'cleanup'],
  );
  const errors = add.counter(
    'conductor_errors_total',
    'Intents that failed, and troubles of the program itself, by error code.',
    ['code'],
    allCodes,
  );
  const refusals = add.counter(
    'conductor_validation_failures_total',
    'Intents that were refused before porch saw them, by error code.',
    ['code'],
    refusalCodes,
  );
  const security = addSecurity(add);
  return {
    concluded(intent) {
      const failed = intent.outcome === 'failed' || intent.outcome === 'timeout';
      processed.labels(failed ? 'failed' : intent.outcome).inc();
      if (failed) failures.inc();
      if (intent.workerId !== null) duration.observe(intent.durationMs / 1000);
      if (intent.error) errors.labels(intent.error.code).inc();
      if (intent.error?.refusal) {
        refusals.labels(intent.error.refusal.code).inc();
        security(intent.error.refusal);
      }
    },
    porchRan(run) {
      executions.labels(run.mode).inc();
      porchDuration.observe(run.durationMs / 1000);
      if (run.timedOut) timeouts.inc();
    },
    retried: () => retries.inc(),
    stateOperated: (operation) => state.labels(operation).inc(),
    filed: (to) => moves.labels(`move_${to}`).inc(),
    removed: (count) => moves.labels('cleanup').inc(count),
    failed: (code) => errors.labels(code).inc(),
  };
}

/** Counts what a refusal means to those who look after security. */
function addSecurity(add: Factory): (refusal: Refusal) => void {
  const events = add.counter(
    'conductor_security_events_total',
    'Refused intents that are a matter of security, by kind and severity.',
    ['event_type', 'severity'],
  );
  for (const event of securityEvents) events.inc(event, 0);
  const attempts: Record<Suspicion, Counter> = {
    command_injection: add.counter(
      'conductor_command_injection_attempts_total',
      'Refused intents with a name that a shell would take for commands.',
    ),
    path_traversal: add.counter(
      'conductor_path_traversal_attempts_total',
      'Refused intents with a path where a name belongs.',
    ),
  };
  return (refusal) => {
    for (const event of eventsOf(refusal)) events.inc(event);
    if (refusal.suspicion) attempts[refusal.suspicion].inc();
  };
}
