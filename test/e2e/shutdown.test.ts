import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { forbidden } from '../faults/skip.ts';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

/** One intent runs until `go`, a second of its target and one of another target wait. */
async function busy(flags: readonly string[], directives = 'wait-for=go') {
  const spool = new Spool();
  const program = await spool.watch(['-max-workers', '1', ...flags]);
  spool.drop('intent-1.json', intentFor(directives));
  await spool.begun('intent-1.json');
  spool.drop('intent-2.json', intentFor(''));
  spool.drop('intent-3.json', intentFor('', { target: 'other' }));
  const stopped = () => spool.until(() => program.logged(/^stopping/).length > 0, 'the stop');
  return { spool, program, stopped };
}

const inHandoff = (spool: Spool) => spool.list().filter((name) => name.startsWith('intent-'));

test('a running porch may finish within the grace, what waits stays in handoff', async () => {
  const { spool, program, stopped } = await busy([]);
  await using _ = spool;
  program.signal('SIGTERM');
  await stopped();
  spool.release('go');
  assert.equal(await program.exitCode(), 0);
  assert.deepEqual(spool.list('processed'), ['intent-1.json']);
  assert.deepEqual(inHandoff(spool), ['intent-2.json', 'intent-3.json']);
  assert.equal((await spool.once()).exitCode, 0);
  assert.equal(spool.list('processed').length, 3);
  for (const line of [1, 2, 3]) assert.equal(spool.runs(`intent-${line}.json`), 1);
});

test('a porch that does not finish in the grace is ended and its intent given back', async () => {
  const { spool, program } = await busy(['-shutdown-grace', '6s'], 'sleep=60');
  await using _ = spool;
  assert.equal(await program.stop(), 0);
  assert.deepEqual(inHandoff(spool), ['intent-1.json', 'intent-2.json', 'intent-3.json']);
  assert.deepEqual(spool.list('failed'), []);
  assert.deepEqual(spool.list('status'), []);
  assert.ok(spool.list('.inflight').every((name) => !name.endsWith('.lease')));
  const [start] = spool.porchLog;
  assert.deepEqual(
    spool.porchLog.map((line) => line.event),
    ['start'],
  );
  const again = spool.start(['-porch-timeout', '200ms', '-retry-max-attempts', '1', '--once']);
  assert.equal(await again.exitCode(), 8);
  assert.equal(spool.status('intent-1.json')?.status, 'timeout');
  assert.notEqual(start?.runId, spool.porchLog.at(-1)?.runId);
});

test('a porch that ignores SIGTERM is killed at the end of the grace', async () => {
  const { spool, program } = await busy(['-shutdown-grace', '1s'], 'ignore-term sleep=60');
  await using _ = spool;
  assert.equal(await program.stop(), 0);
  assert.deepEqual(inHandoff(spool), ['intent-1.json', 'intent-2.json', 'intent-3.json']);
});

test('an intent that waits for its retry is given back at once', async () => {
  const { spool, program } = await busy(['-retry-initial-delay', '30s'], 'exit=75');
  await using _ = spool;
  await spool.until(() => program.logged(/is repeated/).length === 1, 'the first failure');
  assert.equal(await program.stop(), 0);
  assert.ok(existsSync(join(spool.handoff, 'intent-1.json')));
  assert.deepEqual(spool.list('failed'), []);
});

test('a second signal stops at once, and the next start takes up what was claimed', async () => {
  const { spool, program, stopped } = await busy(['-shutdown-grace', '60s'], 'wait-for=go');
  await using _ = spool;
  program.signal('SIGTERM');
  await stopped();
  assert.equal(await program.stop(), 143);
  assert.deepEqual([spool.list('processed'), spool.list('failed')], [[], []]);
  spool.release('go');
  assert.equal((await spool.once()).exitCode, 0);
  assert.equal(spool.list('processed').length, 3);
  assert.equal(spool.runs('intent-1.json'), 2);
});

test('a newer file of the same name is not replaced by the one that is given back', async () => {
  const { spool, program } = await busy(['-shutdown-grace', '5s'], 'wait-for=go');
  await using _ = spool;
  const newer = intentFor('', { replicas: 9 });
  spool.drop('intent-1.json', newer);
  assert.equal(await program.stop(), 0);
  assert.equal(spool.read('intent-1.json'), newer);
  spool.release('go');
  assert.equal((await spool.once()).exitCode, 0);
  assert.equal(spool.list('processed').length, 4);
});

function endIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // As it should be.
  }
}

test('a terminal that is closed means stop', async (t) => {
  if (spawnSync('script', ['--version']).status !== 0) {
    forbidden(t.name, 'script(1) is not installed, which has a terminal to close');
    return;
  }
  await using spool = new Spool();
  // What it says goes to the terminal, and from there into `shown`. It has a session of its own there.
  const command = `exec script -qfc "echo \\$\\$ >pid; exec $(printf "'%s' " "$@")" shown`;
  const under = ['sh', '-c', command, 'sh'] as const;
  const terminal = spool.start([], { under });
  const shown = spool.path('shown');
  const watches = () => existsSync(shown) && /"watching /.test(readFileSync(shown, 'utf8'));
  await spool.until(watches, 'watching');
  const pid = Number(readFileSync(spool.path('pid'), 'utf8'));
  t.after(() => endIfAlive(pid));
  const leases = () => spool.list('.inflight').filter((name) => name.endsWith('.lease'));
  spool.drop('intent-1.json', intentFor(''));
  await spool.filed('intent-1.json');
  assert.equal(leases().length, 1);
  terminal.signal('SIGKILL');
  await spool.until(() => leases().length === 0, 'the end of the program');
  assert.deepEqual(spool.list(), [
    '.conductor-state.json',
    '.inflight',
    'failed',
    'processed',
    'status',
  ]);
});
