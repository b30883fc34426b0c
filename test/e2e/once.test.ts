import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

const types = ['scaling', 'deployment', 'configuration'];

test('a good intent of each type is run once and filed in processed/', async () => {
  await using spool = new Spool();
  for (const type of types) {
    const more = { intent_type: type, target: type, correlation_id: `corr-${type}` };
    spool.drop(`intent-${type}.json`, intentFor('', more));
  }
  const { program, exitCode } = await spool.once();
  assert.equal(exitCode, 0, program.stderr);
  assert.deepEqual(spool.list('processed'), types.map((type) => `intent-${type}.json`).sort());
  assert.deepEqual(spool.list('failed'), []);
  for (const type of types) {
    const name = `intent-${type}.json`;
    assert.equal(spool.runs(name), 1);
    const status = spool.status(name);
    assert.equal(status?.status, 'success');
    assert.equal(status?.attempts, 1);
    assert.equal(status?.mode, 'direct');
    assert.equal(status?.correlation_id, `corr-${type}`);
    assert.equal(status?.moved_to, `processed/${name}`);
    assert.match(status?.message ?? '', /^Processed by worker \d+ in [\d.]+m?s$/);
    assert.equal(status?.sha256, spool.porchLog.find((line) => line.name === name)?.sha256);
  }
  const [summary] = program.logged(/^3 done in /);
  assert.match(summary?.message ?? '', /3 succeeded, 0 failed$/);
});

test('the embedded porch writes the packages itself, in both modes', async () => {
  await using spool = new Spool();
  for (const mode of ['direct', 'structured']) {
    spool.drop(`intent-${mode}.json`, intentFor('', { target: mode, replicas: 7 }));
    const { exitCode } = await spool.once(['-porch', 'builtin', '-mode', mode]);
    assert.equal(exitCode, 0);
    assert.equal(spool.status(`intent-${mode}.json`)?.mode, mode);
    const patch = spool.path('out', 'default', mode, 'scaling-patch.yaml');
    assert.match(readFileSync(patch, 'utf8'), /replicas: 7/);
  }
});

test('an empty handoff directory is done at once, and is made where it is missing', async () => {
  await using spool = new Spool();
  const { program, exitCode } = await spool.once(['-handoff', spool.path('new')]);
  assert.equal(exitCode, 0);
  assert.equal(program.logged(/^0 done in .*0 succeeded, 0 failed$/).length, 1);
  assert.ok(existsSync(spool.path('new', 'processed')));
});

test('the same name and content after a success is skipped and kept under a later name', async () => {
  await using spool = new Spool();
  const content = intentFor('');
  spool.drop('intent-a.json', content);
  assert.equal((await spool.once()).exitCode, 0);
  spool.drop('intent-a.json', content);
  const { program, exitCode } = await spool.once();
  assert.equal(exitCode, 0);
  assert.equal(spool.runs('intent-a.json'), 1);
  assert.equal(program.logged(/0 succeeded, 1 skipped, 0 failed$/).length, 1);
  const [first, second] = spool.list('processed');
  assert.equal(first, 'intent-a.json');
  assert.match(second ?? '', /^intent-a\.json\.\d{8}T\d{9}Z\.json$/);
  const status = spool.status('intent-a.json');
  assert.equal(status?.status, 'skipped');
  assert.equal(status?.moved_to, `processed/${second}`);
  assert.equal(status?.attempts, 0);
});

test('a failing porch means exit code 8, an error log, and its last words in the status', async () => {
  await using spool = new Spool();
  spool.drop('intent-bad.json', intentFor('say=hopeless exit=7'));
  spool.drop('intent-good.json', intentFor('', { target: 'other' }));
  const { program, exitCode } = await spool.once();
  assert.equal(exitCode, 8);
  assert.deepEqual(spool.list('processed'), ['intent-good.json']);
  assert.deepEqual(spool.list('failed'), ['intent-bad.json', 'intent-bad.json.error.log']);
  const details = spool.status('intent-bad.json')?.error_details;
  assert.equal(details?.error_code, 'E013');
  assert.equal(details?.porch_exit_code, 7);
  assert.match(details?.porch_stderr ?? '', /hopeless/);
  const log = spool.read('failed', 'intent-bad.json.error.log');
  assert.match(log, /E013.*exit code 7.*hopeless/s);
  assert.equal(program.logged(/1 succeeded, 1 failed \(E013 1\)$/).length, 1);
});

test('an intent that failed is a wish to try again when it is dropped again', async () => {
  await using spool = new Spool();
  const content = intentFor('exit=7');
  for (const runs of [1, 2]) {
    spool.drop('intent-a.json', content);
    assert.equal((await spool.once()).exitCode, 8);
    assert.equal(spool.runs('intent-a.json'), runs);
  }
  assert.equal(spool.list('failed').length, 4);
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`--once that ${signal} stops before its end exits with ${code}`, async () => {
    await using spool = new Spool();
    spool.drop('intent-a.json', intentFor('wait-for=go'));
    spool.drop('intent-b.json', intentFor(''));
    const program = spool.start(['--once', '-max-workers', '1']);
    await spool.begun('intent-a.json');
    program.signal(signal);
    await spool.until(() => program.logged(/^stopping/).length > 0, 'the stop');
    spool.release('go');
    assert.equal(await program.exitCode(), code);
    assert.deepEqual(spool.list('processed'), ['intent-a.json']);
    assert.ok(existsSync(spool.path('handoff', 'intent-b.json')));
  });
}

test('--once gives up with exit code 2 when porch cannot be started for hold_timeout', async () => {
  await using spool = new Spool();
  const porch = spool.path('porch');
  spool.install(porch);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  spool.drop('intent-b.json', intentFor(''));
  const program = spool.start(['--once', '-porch', porch, '-hold-timeout', '300ms']);
  await spool.begun('intent-a.json');
  spool.uninstall(porch);
  spool.release('go');
  assert.equal(await program.exitCode(), 2);
  assert.deepEqual(spool.list('failed'), []);
  assert.ok(existsSync(spool.path('handoff', 'intent-b.json')));
});
