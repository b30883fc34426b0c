import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { aliases } from '../../src/telemetry/aliases.ts';
import { intentFor } from '../tools/porch.ts';
import { anyPorts, Ports, samplesOf } from './http.ts';
import { Spool } from './spool.ts';

async function watched(flags: readonly string[] = []) {
  const spool = new Spool();
  const program = await spool.watch([...anyPorts, ...flags]);
  return { spool, program, ports: await Ports.of(spool, program) };
}

test('before anything happens every metric is there, and what counts begins at 0', async () => {
  const { spool, ports } = await watched(['-max-workers', '3']);
  await using _ = spool;
  const samples = await ports.samples();
  const names = [...samples.keys()].map((key) => key.replace(/\{.*/, ''));
  for (const name of [
    'conductor_files_processed_total',
    'conductor_files_failed_total',
    'conductor_files_processing_duration_seconds_bucket',
    'conductor_porch_execution_duration_seconds_count',
    'conductor_porch_executions_total',
    'conductor_porch_timeout_total',
    'conductor_active_workers',
    'conductor_max_workers',
    'conductor_queue_size',
    'conductor_state_entries_total',
    'conductor_state_operations_total',
    'conductor_state_file_size_bytes',
    'conductor_file_manager_operations_total',
    'conductor_directory_files',
    'conductor_errors_total',
    'conductor_retries_total',
    'conductor_validation_failures_total',
    'conductor_security_events_total',
    'conductor_command_injection_attempts_total',
    'conductor_path_traversal_attempts_total',
    'conductor_processing_duration_seconds_bucket',
    'conductor_loop_files_processed_total',
    'conductor_loop_processing_duration_seconds_count',
    'conductor_loop_queue_depth',
    'conductor_loop_errors_total',
    'conductor_loop_security_events_total',
    'process_memory_bytes',
    'process_cpu_seconds_total',
    'process_open_fds',
    'conductor_build_info',
  ]) {
    if (name === 'process_open_fds' && process.platform !== 'linux') continue;
    assert.ok(names.includes(name), name);
  }
  assert.equal(samples.get('conductor_max_workers'), 3);
  for (const series of [
    'conductor_files_processed_total{status="failed"}',
    'conductor_errors_total{code="E016"}',
    'conductor_file_manager_operations_total{operation="cleanup"}',
    'conductor_porch_executions_total{mode="structured"}',
    'conductor_security_events_total{event_type="unsafe_file",severity="high"}',
  ]) {
    assert.equal(samples.get(series), 0, series);
  }
});

test('what happens is counted where it belongs, under each name', async () => {
  const flags = ['-retry-max-attempts', '2', '-porch-timeout', '300ms'];
  const { spool, ports } = await watched(flags);
  await using _ = spool;
  const same = intentFor('', { target: 'twice' });
  const dropped: [string, string][] = [
    ['good', same],
    ['refused', intentFor('', { replicas: 1000 })],
    ['shell', intentFor('', { target: 'web;rm -rf /' })],
    ['upwards', intentFor('', { namespace: '../../etc' })],
    ['policy', intentFor('', { namespace: 'kube-system' })],
    ['fails', intentFor('exit=1', { target: 'fails' })],
    ['slow', intentFor('sleep=20', { target: 'slow' })],
    ['again', intentFor('fail-attempts=1 exit=75', { target: 'again' })],
  ];
  symlinkSync('/etc/passwd', join(spool.handoff, 'intent-link.json'));
  for (const [name, text] of dropped) spool.drop(`intent-${name}.json`, text);
  for (const name of ['refused', 'shell', 'upwards', 'policy', 'fails', 'link']) {
    await spool.filed(`intent-${name}.json`, 'failed');
  }
  for (const name of ['good', 'again']) await spool.filed(`intent-${name}.json`);
  await spool.filed('intent-slow.json', 'timeout');
  spool.drop('intent-good.json', same);
  await spool.filed('intent-good.json', 'skipped');

  const samples = await ports.samples();
  const count = (series: string) => samples.get(`conductor_${series}`);
  assert.equal(count('files_processed_total{status="success"}'), 2);
  assert.equal(count('files_processed_total{status="failed"}'), 7);
  assert.equal(count('files_processed_total{status="skipped"}'), 1);
  assert.equal(count('files_failed_total'), 7);
  assert.equal(count('files_processing_duration_seconds_count'), 4);
  // good 1, fails 1, slow 2, again 2
  assert.equal(count('porch_executions_total{mode="direct"}'), 6);
  assert.equal(count('porch_execution_duration_seconds_count'), 6);
  assert.equal(count('porch_timeout_total'), 2);
  assert.equal(count('retries_total'), 2);
  assert.equal(count('errors_total{code="E003"}'), 3);
  assert.equal(count('errors_total{code="E007"}'), 1);
  assert.equal(count('errors_total{code="E013"}'), 1);
  assert.equal(count('validation_failures_total{code="E003"}'), 3);
  assert.equal(count('validation_failures_total{code="E004"}'), 1);
  assert.equal(count('validation_failures_total{code="E014"}'), 1);
  assert.equal(count('command_injection_attempts_total'), 1);
  assert.equal(count('path_traversal_attempts_total'), 1);
  assert.equal(count('security_events_total{event_type="unsafe_file",severity="high"}'), 1);
  assert.equal(count('security_events_total{event_type="policy_violation",severity="medium"}'), 1);
  assert.equal(count('file_manager_operations_total{operation="move_processed"}'), 3);
  assert.equal(count('file_manager_operations_total{operation="move_failed"}'), 7);
  assert.equal(count('state_operations_total{operation="record"}'), 10);
  assert.equal(count('state_entries_total'), 9);
  assert.equal(count('queue_size'), 0);
  assert.equal(count('active_workers'), 0);
  for (const [alias, name] of aliases) {
    for (const [series, value] of samples) {
      if (!new RegExp(`^${name}(_bucket|_sum|_count)?(\\{|$)`).test(series)) continue;
      assert.equal(samples.get(series.replace(name, alias)), value, series);
    }
  }
});

test('what runs, what waits and what lies where is told as it is', async () => {
  const { spool, ports } = await watched(['-max-workers', '1']);
  await using _ = spool;
  spool.drop('intent-1.json', intentFor('wait-for=go'));
  await spool.begun('intent-1.json');
  for (const n of [2, 3]) spool.drop(`intent-${n}.json`, intentFor(''));
  const becomes = async (wanted: Readonly<Record<string, number>>) => {
    let last = '';
    for (const end = performance.now() + 60_000; performance.now() < end; ) {
      const samples = await ports.samples();
      const found = Object.keys(wanted).map((series) => samples.get(`conductor_${series}`));
      last = found.join();
      if (last === Object.values(wanted).join()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${Object.keys(wanted)} did not become ${Object.values(wanted)}, but ${last}`);
  };
  await becomes({
    active_workers: 1,
    queue_size: 2,
    'directory_files{directory="handoff"}': 2,
    'directory_files{directory="inflight"}': 1,
  });
  spool.release('go');
  await becomes({
    active_workers: 0,
    queue_size: 0,
    'directory_files{directory="handoff"}': 0,
    'directory_files{directory="processed"}': 3,
    'directory_files{directory="status"}': 3,
  });
  assert.ok(((await ports.samples()).get('conductor_state_file_size_bytes') ?? 0) > 0);
});

test('who asks for OpenMetrics gets it, and nobody else', async () => {
  const { spool, ports } = await watched();
  await using _ = spool;
  const ask = async (accept: string) => {
    const headers = { connection: 'close', accept };
    const response = await fetch(`http://127.0.0.1:${ports.metrics}/metrics`, { headers });
    return { type: response.headers.get('content-type') ?? '', text: await response.text() };
  };
  const open = await ask('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
  assert.match(open.type, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(open.text, /\n# EOF\n$/);
  assert.match(open.text, /^# TYPE conductor_files_processed counter$/m);
  assert.match(open.text, /^conductor_files_processed_total\{status="failed"\} 0$/m);
  const plain = await ask('text/plain');
  assert.match(plain.type, /^text\/plain; version=0\.0\.4/);
  assert.match(plain.text, /^# TYPE conductor_files_processed_total counter$/m);
  assert.doesNotMatch(plain.text, /# EOF/);
  const series = [...samplesOf(plain.text).keys()].filter((key) => !key.startsWith('nodejs_'));
  const openSeries = samplesOf(open.text);
  for (const key of series) assert.ok(openSeries.has(key), key);
});

test('an address that asks too often is told to wait, where that is wanted', async () => {
  const flags = ['-security-rate-limiting-enabled', '-security-rate-limiting-burst-size', '2'];
  const { spool, ports } = await watched(flags);
  await using _ = spool;
  const codes = [];
  for (let n = 0; n < 3; n++) codes.push((await ports.ask('/livez')).status);
  assert.deepEqual(codes, [200, 200, 429]);
  const told = await ports.ask('/livez');
  assert.match(told.headers.get('retry-after') ?? '', /^\d+$/);
});
