import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

test('a second instance on the same directory is refused in one line with pid and host', async () => {
  await using spool = new Spool();
  const first = await spool.watch();
  for (const flags of [[], ['-instance', 'other']]) {
    const second = spool.start(flags);
    assert.equal(await second.exitCode(), 1);
    assert.match(second.stderr, new RegExp(`in use by .*pid ${first.pid} on ${hostname()}`));
    assert.equal(second.stderr.trimEnd().split('\n').length, 1);
  }
  spool.drop('intent-a.json', intentFor(''));
  await spool.filed('intent-a.json');
  assert.equal(await first.stop(), 0);
  assert.equal((await spool.once(['-instance', 'other'])).exitCode, 0);
});

test('after a kill a new start takes over at once, under any name', async () => {
  await using spool = new Spool();
  const first = await spool.watch(['-instance', 'one', '-lease-ttl', '10m']);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  await spool.begun('intent-a.json');
  assert.equal(await first.stop('SIGKILL'), 137);
  spool.release('go');
  // With a lease_ttl of ten minutes it can only be at once.
  const second = await spool.once(['-instance', 'two', '-lease-ttl', '10m']);
  assert.equal(second.exitCode, 0, second.program.stderr);
  assert.equal(spool.status('intent-a.json')?.instance, 'two');
  assert.deepEqual(spool.list('processed'), ['intent-a.json']);
  assert.equal(spool.runs('intent-a.json'), 2);
});

test('what a killed program left running is ended before its intent runs again', async () => {
  await using spool = new Spool();
  const first = await spool.watch();
  spool.drop('intent-a.json', intentFor('wait-for=never'));
  await spool.begun('intent-a.json');
  await first.stop('SIGKILL');
  const second = await spool.watch(['-porch-timeout', '300ms', '-retry-max-attempts', '1']);
  await spool.filed('intent-a.json', 'timeout');
  spool.release('never');
  assert.equal(second.logged(/^ended \d+ processes that porch had left behind/).length, 1);
  assert.equal(await second.stop(), 0);
  assert.ok(spool.porchLog.every((line) => line.event === 'start'));
});

test('the lease of another host is dead after lease_ttl without a change', async () => {
  await using spool = new Spool();
  const first = await spool.watch(['-instance', 'far']);
  await first.stop('SIGKILL');
  const path = join(spool.handoff, '.inflight', 'far.lease');
  const lease = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...lease, scope: 'another system', host: 'far-away' }));
  spool.drop('intent-a.json', intentFor(''));
  const { program, exitCode } = await spool.once(['-instance', 'near', '-lease-ttl', '500ms']);
  assert.equal(exitCode, 0, program.stderr);
  assert.equal(program.logged(/far on far-away has a lease.*watching it/).length, 1);
});

test('a program whose lease was taken over stops with a message', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-instance', 'one', '-lease-ttl', '300ms']);
  const path = join(spool.handoff, '.inflight', 'one.lease');
  const lease = JSON.parse(readFileSync(path, 'utf8'));
  const thief = () => writeFileSync(path, JSON.stringify({ ...lease, life: 'thief', pid: 4242 }));
  const noticed = () => program.logged(/was taken over by one, pid 4242/).length > 0;
  // A renewal may be under way and write over it once.
  await spool.until(() => {
    if (!noticed()) thief();
    return noticed();
  }, 'the loss being noticed');
  assert.equal(await program.exitCode(), 2);
});
