import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyPorts, failed, Ports } from '../e2e/http.ts';
import { Spool } from '../e2e/spool.ts';
import { forbidden } from './skip.ts';
import { straceCommand, straceProblem } from './strace.ts';

test('until the first scan is complete it has not started, and is not ready', async () => {
  const problem = straceProblem();
  if (problem !== null) return forbidden('a first scan that takes long', problem);
  await using spool = new Spool();
  const under = straceCommand({
    log: spool.path('strace.log'),
    calls: ['getdents64'],
    paths: [spool.handoff],
    inject: 'delay_enter=3000000:when=1',
  });
  const program = spool.start(anyPorts, { under });
  const ports = await Ports.of(spool, program);
  assert.deepEqual(failed(await ports.becomes('/startup', 503)), ['startup']);
  assert.deepEqual(failed(await ports.becomes('/readyz', 503)), ['lifecycle']);
  assert.equal((await ports.look('/livez')).code, 200);
  await ports.becomes('/startup', 200);
  await ports.becomes('/readyz', 200);
});

test('a disk that stalls makes readiness false, and keeps no answer waiting', async () => {
  const problem = straceProblem();
  if (problem !== null) return forbidden('a disk that stalls', problem);
  await using spool = new Spool();
  // Each thread's first look succeeds, so that the program comes up; then the disk stalls.
  const under = straceCommand({
    log: spool.path('strace.log'),
    calls: ['access', 'faccessat', 'faccessat2'],
    paths: [spool.handoff],
    inject: 'delay_enter=120000000:when=2+',
  });
  const program = await spool.watch(anyPorts, { under });
  const ports = await Ports.of(spool, program);
  let longestMs = 0;
  const look = async (path: string) => {
    const begun = performance.now();
    const found = await ports.look(path);
    longestMs = Math.max(longestMs, performance.now() - begun);
    return found;
  };
  let ready = await look('/readyz');
  for (let n = 0; n < 100 && !failed(ready).includes('handoff'); n++) ready = await look('/readyz');
  assert.deepEqual([ready.code, failed(ready)], [503, ['handoff']]);
  const { message } = ready.checks.find(({ name }) => name === 'handoff') ?? {};
  assert.match(message ?? '', /^no answer for \d+ ms$/);
  assert.equal((await look('/livez')).code, 200);
  assert.ok((await ports.samples()).size > 0);
  assert.ok(longestMs < 10_000, `${longestMs} ms`);
});
