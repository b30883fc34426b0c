import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCodes } from '../../src/intent/codes.ts';
import type { Refusal } from '../../src/intent/types.ts';
import { createMetrics, type Levels } from '../../src/telemetry/metrics.ts';
import { samplesOf } from '../e2e/http.ts';

const none: Levels = {
  activeWorkers: 0,
  maxWorkers: 0,
  queueSize: 0,
  stateEntries: 0,
  stateFileSize: 0,
  files: {},
};

function made(levels: () => Levels = () => none) {
  const { meter, render } = createMetrics({
    version: '1.2.3',
    runtime: 'node v1',
    levels,
  });
  const scrape = async () => samplesOf(await render('prometheus'));
  return { meter, scrape };
}

const concluded = { durationMs: 1500, workerId: 0 } as const;

function refusal(code: Refusal['code'], more: Partial<Refusal> = {}): Refusal {
  return { code, message: '', mend: '', mayPass: false, ...more };
}

test('what is built says so', async () => {
  const samples = await made().scrape();
  assert.equal(samples.get('conductor_build_info{version="1.2.3",runtime="node v1"}'), 1);
});

test('every error code begins at 0, and there are no others', async () => {
  const samples = await made().scrape();
  for (const code of Object.keys(errorCodes)) {
    assert.equal(samples.get(`conductor_errors_total{code="${code}"}`), 0, code);
  }
});

test('a timeout counts as failed', async () => {
  const { meter, scrape } = made();
  meter.concluded({ ...concluded, outcome: 'timeout', error: { code: 'E007' } });
  meter.porchRan({ mode: 'structured', durationMs: 300, timedOut: true });
  const samples = await scrape();
  assert.equal(samples.get('conductor_files_processed_total{status="failed"}'), 1);
  assert.equal(samples.get('conductor_files_failed_total'), 1);
  assert.equal(samples.get('conductor_errors_total{code="E007"}'), 1);
  assert.equal(samples.get('conductor_porch_timeout_total'), 1);
  assert.equal(samples.get('conductor_porch_executions_total{mode="structured"}'), 1);
  assert.equal(samples.get('conductor_porch_executions_total{mode="direct"}'), 0);
});

test('what porch did not run for does not shorten the times', async () => {
  const { meter, scrape } = made();
  const error = { code: 'E003', refusal: refusal('E003') } as const;
  meter.concluded({ outcome: 'failed', durationMs: 0, workerId: null, error });
  meter.concluded({ outcome: 'skipped', durationMs: 1, workerId: null });
  meter.concluded({ ...concluded, outcome: 'success' });
  const samples = await scrape();
  assert.equal(samples.get('conductor_files_processing_duration_seconds_count'), 1);
  assert.equal(samples.get('conductor_files_processing_duration_seconds_sum'), 1.5);
  assert.equal(samples.get('conductor_files_processed_total{status="skipped"}'), 1);
});

test('refusals that matter to security are events, each under one kind and severity', async () => {
  const { meter, scrape } = made();
  for (const one of [
    refusal('E014'),
    refusal('E004'),
    refusal('E003', { suspicion: 'command_injection' }),
    refusal('E003', { suspicion: 'path_traversal' }),
    refusal('E003'),
    refusal('E001'),
  ]) {
    const error = { code: one.code, refusal: one };
    meter.concluded({ outcome: 'failed', durationMs: 0, workerId: null, error });
  }
  const samples = await scrape();
  const events = [...samples].filter(([key]) => key.startsWith('conductor_security_events_total'));
  assert.deepEqual(Object.fromEntries(events), {
    'conductor_security_events_total{event_type="command_injection",severity="high"}': 1,
    'conductor_security_events_total{event_type="path_traversal",severity="high"}': 1,
    'conductor_security_events_total{event_type="policy_violation",severity="medium"}': 1,
    'conductor_security_events_total{event_type="unsafe_file",severity="high"}': 1,
  });
  assert.equal(samples.get('conductor_command_injection_attempts_total'), 1);
  assert.equal(samples.get('conductor_path_traversal_attempts_total'), 1);
});

test('the same series stand there from the first scrape on, whatever happens', async () => {
  const { meter, scrape } = made();
  const ours = (samples: Map<string, number>) => {
    return [...samples.keys()].filter((key) => key.startsWith('conductor_')).sort();
  };
  const before = ours(await scrape());
  for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) meter.failed(code);
  for (const code of ['E001', 'E002', 'E003', 'E004', 'E012', 'E014', 'E015', 'E016'] as const) {
    const error = { code, refusal: refusal(code) };
    meter.concluded({ outcome: 'failed', durationMs: 0, workerId: null, error });
  }
  meter.filed('processed');
  meter.filed('failed');
  meter.removed(3);
  meter.retried();
  for (const operation of ['load', 'record', 'snapshot', 'prune'] as const) {
    meter.stateOperated(operation);
  }
  assert.deepEqual(ours(await scrape()), before);
});
