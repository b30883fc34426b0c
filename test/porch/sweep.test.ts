import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { runPorch } from '../../src/porch/run.ts';
import { Sweeper } from '../../src/porch/sweep.ts';
import { until } from '../tools/until.ts';
import { isAlive, lineOf, makeSetting } from './setting.ts';

/** A process with nothing but these variables, once it is the program that it is to be. */
async function sleeper(env: Record<string, string>): Promise<ChildProcess & { pid: number }> {
  const child = spawn('/bin/sh', ['-c', 'echo; exec sleep 60'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  assert.ok(child.pid !== undefined);
  return Object.assign(child, { pid: child.pid });
}

test('a process that left the group is found and ended, once', async () => {
  using setting = makeSetting();
  const request = setting.request('fork-setsid');
  const sweeper = new Sweeper();
  assert.equal(
    sweeper.endStrays((runId) => runId === request.runId),
    0,
  );
  await runPorch(request).result;
  const stray = Number(lineOf(join(setting.outDir, 'intent-a.json.setsid')));
  assert.equal(isAlive(stray), true);
  assert.equal(
    sweeper.endStrays(() => false),
    0,
  );
  assert.equal(isAlive(stray), true);
  assert.equal(
    sweeper.endStrays((runId) => runId === request.runId),
    1,
  );
  await until(() => !isAlive(stray));
  assert.equal(
    sweeper.endStrays((runId) => runId === request.runId),
    0,
  );
});

test('strays of a predecessor are found by a new sweeper', async () => {
  using setting = makeSetting();
  const request = setting.request('fork-setsid');
  await runPorch(request).result;
  const stray = Number(lineOf(join(setting.outDir, 'intent-a.json.setsid')));
  assert.equal(
    new Sweeper().endStrays((runId) => runId === request.runId),
    1,
  );
  await until(() => !isAlive(stray));
});

test('a process is asked about again at each sweep, by the whole of its run id', async () => {
  const own = `mine-${crypto.randomUUID()}`;
  const child = await sleeper({ CONDUCTOR_RUN_ID: own, B: '1' });
  try {
    const sweeper = new Sweeper();
    const asked: string[] = [];
    const ask = (runId: string) => asked.push(runId) < 0;
    sweeper.endStrays(ask);
    sweeper.endStrays(ask);
    assert.equal(asked.filter((runId) => runId === own).length, 2);
    assert.equal(
      sweeper.endStrays((runId) => runId === own.slice(0, -1)),
      0,
    );
    assert.equal(child.signalCode, null);
    assert.equal(
      sweeper.endStrays((runId) => runId === own),
      1,
    );
    await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(child.signalCode, 'SIGKILL');
  } finally {
    child.kill('SIGKILL');
  }
});

test('other variables whose names or values look like it are no run id', async () => {
  const own = `mine-${crypto.randomUUID()}`;
  const children = [
    await sleeper({ MY_CONDUCTOR_RUN_ID: own, A: `CONDUCTOR_RUN_ID=${own}` }),
    await sleeper({ CONDUCTOR_RUN_ID_2: own }),
  ];
  try {
    assert.equal(
      new Sweeper().endStrays((runId) => runId.includes(own)),
      0,
    );
    assert.deepEqual(
      children.map((child) => isAlive(child.pid)),
      [true, true],
    );
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
});

test('neither the sweeping process nor its ancestors are ended', async () => {
  const runId = `mine-${crypto.randomUUID()}`;
  const program = `
    import { Sweeper } from ${JSON.stringify(import.meta.resolve('../../src/porch/sweep.ts'))};
    console.log(new Sweeper().endStrays((runId) => runId === ${JSON.stringify(runId)}));`;
  const shell = spawn(
    '/bin/sh',
    [
      '-c',
      'sleep 60 & "$0" "$@"; echo alive',
      process.execPath,
      '--input-type=module',
      '-e',
      program,
    ],
    { env: { CONDUCTOR_RUN_ID: runId }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  shell.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  await new Promise((resolve) => shell.once('close', resolve));
  // The one that it ended is the sleep, a brother.
  assert.equal(said, '1\nalive\n');
});
