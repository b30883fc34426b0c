import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isAlive } from '../porch/setting.ts';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

const name = 'intent-a.json';

test('porch gets the environment it needs, and nothing else of ours', async () => {
  await using spool = new Spool();
  spool.drop(name, intentFor('env', { correlation_id: 'corr-7' }));
  const env = {
    KUBECONFIG: '/kube/config',
    LC_TIME: 'C',
    AWS_SECRET_ACCESS_KEY: 'hush',
    EXTRA: 'x',
  };
  await spool.once(['-porch-env', 'EXTRA'], { env });
  const entries = readFileSync(spool.path('out', `${name}.env`), 'utf8').split('\0');
  const found = Object.fromEntries(
    entries.filter((entry) => entry !== '').map((entry) => entry.split(/=(.*)/s).slice(0, 2)),
  );
  const [run] = spool.porchLog;
  assert.equal(found.PATH, process.env.PATH);
  assert.equal(found.KUBECONFIG, '/kube/config');
  assert.equal(found.LC_TIME, 'C');
  assert.equal(found.EXTRA, 'x');
  assert.equal(found.CONDUCTOR_CORRELATION_ID, 'corr-7');
  assert.equal(found.CONDUCTOR_ATTEMPT, '1');
  assert.equal(found.CONDUCTOR_RUN_ID, run?.runId);
  assert.equal(found.CONDUCTOR_INTENT_SHA256, run?.sha256);
  assert.match(found.CONDUCTOR_INTENT_FILE ?? '', /\/handoff\/\.inflight\/.*\/intent-a\.json$/);
  const allowed =
    /^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|KUBECONFIG|KUBERNETES_.*|(?:https?|no)_proxy|SSL_CERT_\w+|EXTRA|CONDUCTOR_(INTENT_FILE|INTENT_SHA256|CORRELATION_ID|ATTEMPT|RUN_ID))$/i;
  // What the shell of the stand-in adds by itself (PWD and the like) is not in its /proc entry.
  assert.deepEqual(
    Object.keys(found).filter((key) => !allowed.test(key)),
    [],
  );
});

test('structured mode adds -structured', async () => {
  await using spool = new Spool();
  spool.drop(name, intentFor('exit=1'));
  await spool.once(['-mode', 'structured']);
  assert.equal(spool.status(name)?.mode, 'structured');
  assert.match(
    spool.status(name)?.error_details?.porch_stdout ?? '',
    /^structured: intent-a\.json/,
  );
});

for (const spawner of ['auto', 'node']) {
  test(`a script that is gone before its interpreter reads it fails nothing (${spawner})`, async () => {
    await using spool = new Spool();
    const porch = spool.path('porch');
    // To be removed by itself is to be removed at that very moment.
    writeFileSync(porch, '#!/bin/sh\nrm "$0"; exit 2\n', { mode: 0o755 });
    spool.drop(name, intentFor(''));
    const program = await spool.watch(['-porch', porch, '-porch-spawner', spawner]);
    const held = /the queue is held: could not run porch for intent-a.json/;
    await spool.until(() => program.logged(held)[0], 'the queue to be held');
    spool.install(porch);
    assert.equal((await spool.filed(name)).attempts, 1);
  });
}

test('a porch that does not end in time is ended: E007 and status timeout', async () => {
  await using spool = new Spool();
  spool.drop(name, intentFor('sleep=60'));
  const flags = ['-porch-timeout', '300ms', '-retry-max-attempts', '2'];
  assert.equal((await spool.once(flags)).exitCode, 8);
  const status = spool.status(name);
  assert.equal(status?.status, 'timeout');
  assert.equal(status?.attempts, 2);
  assert.equal(status?.error_details?.error_code, 'E007');
  assert.equal(spool.runs(name), 2);
  assert.match(spool.read('failed', `${name}.error.log`), /within 300ms/);
});

test('the timeout of an intent replaces the one of the settings, up to its limit', async () => {
  await using spool = new Spool();
  spool.drop('intent-short.json', intentFor('sleep=60', { timeout: '200ms', target: 'a' }));
  spool.drop('intent-long.json', intentFor('sleep=60', { timeout: '1h', target: 'b' }));
  spool.drop('intent-fits.json', intentFor('sleep=1', { timeout: '30s', target: 'c' }));
  const flags = ['-porch-timeout', '500ms', '-max-porch-timeout', '5s', '-retry-max-attempts', '1'];
  await spool.once([...flags, '-max-workers', '3']);
  const limit = (intent: string) => spool.status(intent)?.error_details?.error_message;
  assert.match(limit('intent-short.json') ?? '', /within 200ms/);
  assert.match(limit('intent-long.json') ?? '', /within 5s/);
  assert.equal(spool.status('intent-fits.json')?.status, 'success');
});

test('exit codes that may pass are retried until they do', async () => {
  await using spool = new Spool();
  spool.drop(name, intentFor('fail-attempts=2 exit=75'));
  const { program, exitCode } = await spool.once();
  assert.equal(exitCode, 0);
  assert.equal(spool.status(name)?.attempts, 3);
  const attempts = spool.porchLog.filter((line) => line.event === 'start');
  assert.deepEqual(
    attempts.map((line) => line.attempt),
    [1, 2, 3],
  );
  assert.equal(new Set(attempts.map((line) => line.runId)).size, 3);
  assert.equal(program.logged(/attempt \d of 3 failed and is repeated.*75/).length, 2);
});

for (const [directive, runs, code, says] of [
  ['exit=3', 3, 'E013', /exit code 3/],
  ['exit=1', 1, 'E013', /exit code 1/],
  ['exit=126', 1, 'E008', /could not execute/],
  ['exit=127', 1, 'E006', /did not find/],
  ['signal=SEGV', 3, 'E013', /SIGSEGV/],
  ['signal=KILL', 3, 'E013', /SIGKILL/],
] as const) {
  test(`${directive} is tried ${runs} times, then filed as failed with ${code}`, async () => {
    await using spool = new Spool();
    spool.drop(name, intentFor(directive));
    const { program, exitCode } = await spool.once();
    assert.equal(exitCode, 8);
    const status = spool.status(name);
    assert.equal(status?.status, 'failed');
    assert.equal(status?.attempts, runs);
    assert.equal(spool.runs(name), runs);
    assert.equal(status?.error_details?.error_code, code);
    assert.match(status?.error_details?.error_message ?? '', says);
    const [line] = program.logged(/^intent-a\.json: Failed/);
    assert.equal(line?.level, code === 'E013' ? 'warn' : 'error');
  });
}

test('a flood of output is cut, and secrets in it are scrubbed', async () => {
  await using spool = new Spool();
  spool.drop(name, intentFor('flood=3000000 say=password=hunter22 exit=1'));
  const { program } = await spool.once();
  const details = spool.status(name)?.error_details;
  assert.ok((details?.porch_stdout.length ?? 0) <= 4200);
  assert.match(details?.porch_stdout ?? '', /x{100}/);
  const texts = [
    JSON.stringify(details),
    spool.read('failed', `${name}.error.log`),
    program.stderr,
  ];
  for (const text of texts) assert.ok(!text.includes('hunter22'), text.slice(-500));
});

test('what porch leaves running is ended, in its group and outside of it', async () => {
  await using spool = new Spool();
  spool.drop('intent-stay.json', intentFor('fork-stay', { target: 'a' }));
  spool.drop('intent-setsid.json', intentFor('fork-setsid', { target: 'b' }));
  await spool.watch();
  for (const kind of ['stay', 'setsid']) {
    await spool.filed(`intent-${kind}.json`);
    const pid = Number(readFileSync(spool.path('out', `intent-${kind}.json.${kind}`), 'utf8'));
    assert.ok(pid > 1);
    await spool.until(() => !isAlive(pid), `the end of what ${kind} has left`);
  }
});

test('a porch that removes its intent has still succeeded', async () => {
  await using spool = new Spool();
  spool.drop(name, intentFor('delete-intent'));
  await spool.once();
  assert.equal(spool.status(name)?.status, 'success');
  assert.equal(spool.status(name)?.changed_during_run, true);
  assert.ok(!existsSync(spool.path('handoff', 'processed', name)));
  const { exitCode } = await spool.once();
  assert.equal(exitCode, 0);
});
