import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { Kind } from '../../src/workers/messages.ts';
import { intentFor, readPorchLog } from '../tools/porch.ts';
import { until } from '../tools/until.ts';
import { makeFiles, makePool, mortal, spawners } from './support.ts';

test('files are checked in their order', async (t) => {
  const pool = makePool(t);
  const { dir, put } = makeFiles(t);
  const results = await pool.check([
    put('intent-a.json', intentFor('')),
    put('intent-b.json', '{"not":'),
    join(dir, 'intent-gone.json'),
    put('intent-c.json', intentFor('', { priority: 9 })),
  ]);
  assert.deepEqual(
    results.map((result) => {
      if (result.kind === 'refused') return result.refusal.code;
      return result.kind === 'accepted' ? result.intent.priority : result.kind;
    }),
    [5, 'E001', 'gone', 9],
  );
  assert.deepEqual(await pool.check([]), []);
});

for (const spawner of spawners) {
  test(`porch runs side by side on as many threads as there are (${spawner})`, async (t) => {
    const pool = makePool(t, { spawner });
    const { dir, request, begun } = makeFiles(t);
    const waiting = ['intent-a.json', 'intent-b.json'].map((name) =>
      pool.runners.run(request(name, 'wait-for=go')),
    );
    const third = pool.runners.run(request('intent-c.json', 'exit=7'));
    await begun('intent-a.json');
    await begun('intent-b.json');
    // Reading waits for no porch.
    assert.equal((await pool.check([join(dir, 'intent-a.json')]))[0]?.kind, 'accepted');
    writeFileSync(join(dir, 'go'), '');
    const ran = await Promise.all(waiting);
    assert.deepEqual(
      ran.map(({ result }) => result.exitCode),
      [0, 0],
    );
    assert.deepEqual(ran.map(({ workerId }) => workerId).sort(), [0, 1]);
    assert.equal((await third).result.exitCode, 7);
    const log = readPorchLog(dir);
    const firstEnd = log.findIndex(({ event }) => event === 'end');
    const thirdStart = log.findIndex(({ name }) => name === 'intent-c.json');
    assert.ok(thirdStart > firstEnd, 'a third ran while two threads were busy');
  });

  test(`runs under way are ended from outside (${spawner})`, async (t) => {
    const pool = makePool(t, { spawner });
    const { request, begun } = makeFiles(t);
    const running = pool.runners.run(request('intent-a.json', 'sleep=60'));
    await begun('intent-a.json');
    pool.runners.cancel('SIGTERM');
    const { result } = await running;
    assert.equal(result.cancelled, true);
    assert.equal(result.signal, 'SIGTERM');
  });
}

test('what no thread has begun is taken back as cancelled', async (t) => {
  const pool = makePool(t, { runners: 1 });
  const { dir, request, begun } = makeFiles(t);
  const first = pool.runners.run(request('intent-a.json', 'wait-for=go'));
  await begun('intent-a.json');
  const second = pool.runners.run(request('intent-b.json'));
  pool.runners.drain();
  assert.equal((await second).result.cancelled, true);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await first).result.exitCode, 0);
  assert.ok(!readPorchLog(dir).some(({ name }) => name === 'intent-b.json'));
});

for (const spawner of spawners) {
  test(`there may be more threads, and fewer when their runs have ended (${spawner})`, async (t) => {
    const started: Worker[] = [];
    const ended = new Set<Worker>();
    const start = (kind: Kind) => {
      const worker = mortal(kind);
      started.push(worker);
      worker.on('exit', () => ended.add(worker));
      return worker;
    };
    const pool = makePool(t, { runners: 1, spawner }, start);
    const { dir, request, begun } = makeFiles(t);
    const names = ['intent-a.json', 'intent-b.json', 'intent-c.json', 'intent-d.json'];
    const runs = names.map((name) => pool.runners.run(request(name, `wait-for=go-${name}`)));
    const release = (name = '') => writeFileSync(join(dir, `go-${name}`), '');
    await begun('intent-a.json');
    pool.runners.resize(3);
    for (const name of names.slice(0, 3)) await begun(name);
    pool.runners.resize(1);
    pool.runners.resize(1);
    release('intent-b.json');
    assert.equal((await runs[1])?.result.exitCode, 0);
    await until(() => ended.size === 1);
    release('intent-c.json');
    assert.equal((await runs[2])?.result.exitCode, 0);
    await until(() => ended.size === 2);
    const begins = () => readPorchLog(dir).filter((line) => line.event === 'start').length;
    assert.equal(begins(), 3);
    release('intent-a.json');
    release('intent-d.json');
    const last = await Promise.all(runs);
    assert.deepEqual([last[0]?.workerId, last[3]?.workerId], [0, 0]);
    pool.runners.resize(2);
    const again = ['intent-e.json', 'intent-f.json'].map((name) => pool.runners.run(request(name)));
    for (const { result } of await Promise.all(again)) assert.equal(result.exitCode, 0);
    await pool.ping();
  });

  test(`threads that are too many are told to end their runs like all others (${spawner})`, async (t) => {
    const pool = makePool(t, { spawner });
    const { request, begun } = makeFiles(t);
    const names = ['intent-a.json', 'intent-b.json'];
    const runs = names.map((name) => pool.runners.run(request(name, 'sleep=60')));
    for (const name of names) await begun(name);
    pool.runners.resize(1);
    pool.runners.cancel('SIGTERM');
    for (const { result } of await Promise.all(runs)) assert.ok(result.cancelled);
  });
}
