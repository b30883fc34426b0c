import assert from 'node:assert/strict';
import { chmodSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import type { Program } from './harness.ts';
import { Spool } from './spool.ts';

const held = (program: Program) => program.logged(/^the queue is held/);
const released = (program: Program) => program.logged(/^the queue goes on/);

test('a processed/ that refuses files holds the queue and fails nothing', async () => {
  await using spool = new Spool({ unprivileged: true });
  const program = await spool.watch();
  const processed = join(spool.handoff, 'processed');
  chmodSync(processed, 0o555);
  const names = ['a', 'b', 'c'].map((target) => {
    spool.drop(`intent-${target}.json`, intentFor('', { target }));
    return `intent-${target}.json`;
  });
  await spool.until(() => held(program).length > 0, 'the queue being held');
  chmodSync(processed, 0o755);
  for (const name of names) await spool.filed(name);
  await spool.until(() => released(program).length > 0, 'the queue going on');
  assert.equal(held(program).length, 1);
  assert.equal(held(program)[0]?.error_code, 'E005');
  assert.match(held(program)[0]?.message ?? '', /EACCES/);
  assert.deepEqual(spool.list('failed'), []);
  for (const name of names) assert.equal(spool.runs(name), 1);
  assert.equal(await program.stop(), 0);
});

test('--once gives up with 2 when the disk refuses for hold_timeout, and the next run ends it', async () => {
  await using spool = new Spool({ unprivileged: true });
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  const program = spool.start(['--once', '-hold-timeout', '1s']);
  await spool.begun('intent-a.json');
  chmodSync(join(spool.handoff, 'processed'), 0o555);
  spool.release('go');
  assert.equal(await program.exitCode(), 2);
  assert.equal(held(program).length, 1);
  assert.deepEqual(spool.list('failed'), []);
  chmodSync(join(spool.handoff, 'processed'), 0o755);
  const second = await spool.once();
  assert.equal(second.exitCode, 0, second.program.stderr);
  assert.deepEqual(spool.list('processed'), ['intent-a.json']);
  assert.equal(spool.runs('intent-a.json'), 1);
});

test('a handoff directory that is moved away is held, and goes on when it is back', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-period', '100ms']);
  renameSync(spool.handoff, spool.path('elsewhere'));
  await spool.until(() => held(program).length > 0, 'the queue being held');
  renameSync(spool.path('elsewhere'), spool.handoff);
  await spool.until(() => released(program).length > 0, 'the queue going on');
  spool.drop('intent-a.json', intentFor(''));
  await spool.filed('intent-a.json');
  assert.equal(await program.stop(), 0);
});

test('a processed/ that is removed while it runs is made again', async () => {
  await using spool = new Spool();
  const program = await spool.watch();
  renameSync(join(spool.handoff, 'processed'), spool.path('gone'));
  spool.drop('intent-a.json', intentFor(''));
  await spool.filed('intent-a.json');
  assert.deepEqual(spool.list('processed'), ['intent-a.json']);
  assert.equal(await program.stop(), 0);
});

test('a porch that disappears holds the queue, and what waits goes on when it is back', async () => {
  await using spool = new Spool();
  const porch = spool.path('porch');
  spool.install(porch);
  const program = await spool.watch(['-porch', porch]);
  spool.drop('intent-a.json', intentFor(''));
  await spool.filed('intent-a.json');
  spool.uninstall(porch);
  spool.drop('intent-b.json', intentFor(''));
  await spool.until(() => held(program).length > 0, 'the queue being held');
  spool.drop('intent-c.json', intentFor('', { target: 'other' }));
  assert.equal(held(program)[0]?.error_code, 'E006');
  spool.install(porch);
  for (const name of ['intent-b.json', 'intent-c.json']) {
    await spool.filed(name);
    assert.equal(spool.runs(name), 1);
    assert.equal(spool.status(name)?.attempts, 1);
  }
  assert.deepEqual(spool.list('failed'), []);
  await spool.until(() => released(program).length > 0, 'the queue going on');
  assert.equal(held(program).length, 1);
});

test('a stop while the queue is held gives everything back', async () => {
  await using spool = new Spool();
  const porch = spool.path('porch');
  spool.install(porch);
  const program = await spool.watch(['-porch', porch, '-shutdown-grace', '1s']);
  spool.uninstall(porch);
  spool.drop('intent-a.json', intentFor(''));
  await spool.until(() => held(program).length > 0, 'the queue being held');
  await program.stop();
  assert.ok(existsSync(join(spool.handoff, 'intent-a.json')));
  assert.deepEqual(spool.list('failed'), []);
  assert.equal((await spool.once()).exitCode, 0);
});
