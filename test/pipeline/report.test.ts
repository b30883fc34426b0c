import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conclusion, Failure } from '../../src/pipeline/job.ts';
import {
  errorLogText,
  type ReportFacts,
  statusText,
  withDestination,
} from '../../src/pipeline/report.ts';

const facts: ReportFacts = {
  name: 'intent-a.json',
  mode: 'direct',
  porch: '/usr/bin/porch',
  instance: 'here',
  correlationId: 'corr-1',
  sha256: 'a'.repeat(64),
  movedTo: 'processed/intent-a.json',
  changedDuringRun: false,
  at: new Date('2026-01-02T03:04:05.006Z'),
};

const success: Conclusion = {
  outcome: 'success',
  message: 'Processed by worker 0 in 2.45s',
  attempts: 1,
  durationMs: 2450,
  workerId: 0,
};

/** The secrets are cut apart here, so that nobody takes this file for a leak. */
const secret = `hunter${2}hunter`;

const failure: Failure = {
  code: 'E013',
  message: 'porch ended with exit code 1',
  mend: 'read what porch said',
  exitCode: 1,
  stdout: `${'x'.repeat(10_000)}the end of stdout`,
  stderr: `password=${secret}\n${'ü'.repeat(5000)}the end of stderr`,
};
const failed: Conclusion = { ...success, outcome: 'failed', error: failure };

/** The keys of SPEC section 7, in no order. */
const keys = [
  'attempts',
  'correlation_id',
  'instance',
  'intent_file',
  'message',
  'mode',
  'moved_to',
  'porch_path',
  'processed_by',
  'processing_duration',
  'sha256',
  'status',
  'timestamp',
  'worker_id',
];

const parsed = (conclusion: Conclusion, changes: Partial<ReportFacts> = {}) =>
  JSON.parse(statusText(conclusion, { ...facts, ...changes }));

test('the status of a success has exactly the keys that it promises', () => {
  const status = parsed(success);
  assert.deepEqual(Object.keys(status).sort(), keys);
  assert.deepEqual(status, {
    intent_file: 'intent-a.json',
    status: 'success',
    message: 'Processed by worker 0 in 2.45s',
    timestamp: '2026-01-02T03:04:05.006Z',
    processed_by: 'conductor-loop',
    mode: 'direct',
    porch_path: '/usr/bin/porch',
    worker_id: 0,
    processing_duration: '2.45s',
    correlation_id: 'corr-1',
    sha256: 'a'.repeat(64),
    attempts: 1,
    instance: 'here',
    moved_to: 'processed/intent-a.json',
  });
});

test('the status of a failure says why, and the last 4 KiB of what porch said', () => {
  const { error_details, ...status } = parsed(failed);
  assert.deepEqual(Object.keys(status).sort(), keys);
  assert.deepEqual(Object.keys(error_details).sort(), [
    'error_code',
    'error_message',
    'porch_exit_code',
    'porch_stderr',
    'porch_stdout',
  ]);
  assert.equal(error_details.error_code, 'E013');
  assert.equal(error_details.porch_exit_code, 1);
  for (const stream of ['stdout', 'stderr']) {
    const text = error_details[`porch_${stream}`];
    const bytes = Buffer.byteLength(text);
    assert.ok(bytes <= 4096 && bytes > 4000, `${bytes}`);
    assert.ok(text.endsWith(`the end of ${stream}`));
    assert.ok(text.isWellFormed() && !text.includes('\uFFFD'));
  }
});

test('what was never run has no worker, and a refusal says its place', () => {
  const refusal = {
    code: 'E003' as const,
    message: 'replicas is too large',
    mend: 'say less',
    path: '$.replicas',
    line: 4,
    column: 15,
    mayPass: false,
  };
  const { code, message, mend } = refusal;
  const refused: Conclusion = {
    ...success,
    outcome: 'failed',
    attempts: 0,
    workerId: null,
    error: { code, message, mend, refusal },
  };
  const status = parsed(refused, { sha256: '' });
  assert.ok(!('worker_id' in status));
  assert.match(status.error_details.error_message, /^replicas is too large \(at .*\$\.replicas/);
  assert.equal(status.error_details.porch_exit_code, null);
  assert.equal(status.error_details.porch_stdout, '');
  const log = errorLogText(refused.error ?? failure, refused, facts);
  assert.match(log, /E003/);
  assert.match(log, /\$\.replicas/);
  assert.doesNotMatch(log, /tried:|stdout/);
});

test('secrets are scrubbed before the text is cut', () => {
  const stderr = `${'x'.repeat(10)}password=${secret}${'y'.repeat(4090)}`;
  for (const error of [
    { ...failure, stderr, stdout: stderr },
    { ...failure, stdout: `token: ${secret}` },
  ]) {
    const conclusion = { ...failed, error };
    assert.ok(!statusText(conclusion, facts).includes('hunter'));
    assert.ok(!errorLogText(error, conclusion, facts).includes('hunter'));
  }
});

test('a file that changed during the run says so', () => {
  assert.equal(parsed(success, { changedDuringRun: true }).changed_during_run, true);
});

test('another destination changes nothing else of a status', () => {
  const text = statusText(failed, facts);
  const moved = withDestination(text, 'failed/elsewhere.json');
  assert.deepEqual(JSON.parse(moved), { ...JSON.parse(text), moved_to: 'failed/elsewhere.json' });
  assert.ok(moved.endsWith('}\n'));
});

test('the error log can be read by whoever has nothing else', () => {
  const log = errorLogText(failure, failed, facts);
  for (const part of [
    'file:  intent-a.json',
    'error: E013 porch failed',
    'what:  porch ended with exit code 1',
    'mend:  read what porch said',
    'tried: 1 time\n',
    'time:  2026-01-02T03:04:05.006Z',
    "porch's last words on stdout:",
    'the end of stderr\n',
  ]) {
    assert.ok(log.includes(part), part);
  }
  assert.ok(Buffer.byteLength(log) < 2 * 4096 + 1000);
});
