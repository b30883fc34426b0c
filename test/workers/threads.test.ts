import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, lstatSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Kind } from '../../src/workers/messages.ts';
import type { Question } from '../../src/workers/thread.ts';
import { ThreadDied } from '../../src/workers/thread.ts';
import { intentFor } from '../tools/porch.ts';
import { until } from '../tools/until.ts';
import { makeFiles, makePool, mortal, spawners } from './support.ts';

test('a reader that dies is told to who waits, and replaced', async (t) => {
  const pool = makePool(t, {}, mortal);
  const { put } = makeFiles(t);
  const good = put('intent-a.json', intentFor(''));
  assert.equal((await pool.check([good]))[0]?.kind, 'accepted');
  const check = pool.check([good, put('intent-deadly.json', intentFor(''))]);
  await assert.rejects(check, (error) => {
    return (
      error instanceof ThreadDied && error.message === 'a worker thread died: it ended by itself'
    );
  });
  assert.equal((await pool.check([good]))[0]?.kind, 'accepted');
});

test('a reader looks at files, as many as it has the time for', async (t) => {
  const pool = makePool(t, {}, mortal);
  const { dir, put } = makeFiles(t);
  const { mtimeMs } = lstatSync(put('intent-a.json', ''));
  assert.equal(pool.look(dir, ['intent-a.json']), null, 'nobody waits for it to start');
  pool.warm();
  await until(() => pool.isReaderReady);
  const times = [1, 2].map(() => pool.look(dir, ['intent-a.json', 'intent-none.json']));
  assert.equal(pool.look(dir, ['intent-a.json']), null);
  for (const found of times) assert.deepEqual([...((await found) ?? [])], [mtimeMs, Number.NaN]);
  assert.deepEqual(await pool.look(dir, ['intent-deadly.json']), new Float64Array([Number.NaN]));
  pool.warm();
  await until(() => pool.isReaderReady);
  assert.deepEqual(await pool.look(dir, ['intent-a.json']), new Float64Array([mtimeMs]));
});

test('a thread that cannot start says why', async (t) => {
  const pool = makePool(t, {}, () => new Worker('throw new Error("no memory")', { eval: true }));
  const { request } = makeFiles(t);
  const reason = { message: 'a worker thread died: no memory' };
  await assert.rejects(pool.check(['/intent-a.json']), reason);
  await assert.rejects(pool.runners.run(request('intent-a.json')), reason);
});

test('a runner that dies is replaced, and the runs of the others and after go on', async (t) => {
  const pool = makePool(t, {}, mortal);
  const { dir, request, begun } = makeFiles(t);
  const other = pool.runners.run(request('intent-a.json', 'wait-for=go'));
  await begun('intent-a.json');
  const died = pool.runners.run(request('intent-deadly.json'));
  const behind = pool.runners.run(request('intent-b.json'));
  await assert.rejects(died, ThreadDied);
  assert.equal((await behind).result.exitCode, 0);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await other).result.exitCode, 0);
  assert.ok(existsSync(join(dir, 'porch.log')));
});

/** Answers with a run that went well, and ends. */
const lastWords = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ type, id }) => {
    if (type !== 'run') return;
    const result = { exitCode: 0, signal: null, startError: null, timedOut: false,
      cancelled: false, replaced: false, stdout: '', stderr: '', durationMs: 1 };
    parentPort.postMessage({ type: 'ran', id, results: [result], returned: 0, done: true });
    process.exit(3);
  });`;

test('what a runner has answered before it died counts, and is not run again', async (t) => {
  const pool = makePool(t, {}, () => new Worker(lastWords, { eval: true }));
  const { request } = makeFiles(t);
  const ran = Promise.all(
    ['intent-a.json', 'intent-b.json'].map((name) => pool.runners.run(request(name))),
  );
  // Its answer and its end are heard in one turn.
  setImmediate(() =>
    setTimeout(() => {
      for (const awake = performance.now() + 300; performance.now() < awake; );
    }),
  );
  for (const { result } of await ran) assert.equal(result.exitCode, 0);
});

/** The first thread works; what the others are is given. */
const firstWorks = (others: () => Worker) => {
  let isFirst = true;
  return (kind: Kind) => {
    const worker = isFirst ? startWorker(kind) : others();
    isFirst = false;
    return worker;
  };
};

const startWorker = (kind: Kind) =>
  new Worker(new URL(`../../src/workers/${kind}.ts`, import.meta.url));

const deaf = () => new Worker('setInterval(() => {}, 1000)', { eval: true });

test('what a ready thread can do does not wait for one that has yet to start', async (t) => {
  const pool = makePool(t, {}, firstWorks(deaf));
  const { request } = makeFiles(t);
  await pool.runners.run(request('intent-a.json'));
  const runs = ['b', 'c', 'd'].map((name) => pool.runners.run(request(`intent-${name}.json`)));
  for (const run of runs) assert.deepEqual((await run).workerId, 0);
});

test('where a second thread cannot start, whoever waits for it is told', async (t) => {
  const broken = () => new Worker('throw new Error("no memory")', { eval: true });
  const pool = makePool(t, {}, firstWorks(broken));
  const { dir, request, begun } = makeFiles(t);
  await pool.runners.run(request('intent-a.json'));
  const long = pool.runners.run(request('intent-b.json', 'wait-for=go'));
  await begun('intent-b.json');
  const reason = { message: 'a worker thread died: no memory' };
  await assert.rejects(pool.runners.run(request('intent-c.json')), reason);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await long).result.exitCode, 0);
});

test('a pool that was warmed or never used holds nothing up', async (t) => {
  const pool = makePool(t);
  pool.runners.cancel('SIGTERM');
  pool.warm();
  pool.warm();
  const { put } = makeFiles(t);
  assert.equal((await pool.check([put('intent-a.json', intentFor(''))]))[0]?.kind, 'accepted');
  await pool.close();
});

test('where intents wait, those that run porch start first, no more of them than cores', async (t) => {
  const started: Kind[] = [];
  const pool = makePool(t, { runners: 100 }, (kind) => {
    started.push(kind);
    return mortal(kind);
  });
  pool.warmForBacklog();
  const runners = Array.from({ length: Math.min(100, availableParallelism()) }, () => 'runner');
  assert.deepEqual(started, [...runners, 'reader']);
  await until(() => pool.isReaderReady);
});

test('threads without work answer a ping, and those that run porch are not waited for', async (t) => {
  for (const spawner of spawners) {
    const pool = makePool(t, { runners: 1, spawner });
    await pool.ping();
    const { dir, put, request, begun } = makeFiles(t);
    await pool.check([put('intent-a.json', intentFor(''))]);
    const run = pool.runners.run(request('intent-b.json', 'wait-for=go'));
    await begun('intent-b.json');
    assert.equal(pool.runners.busy, 1);
    const first = await Promise.race([pool.ping().then(() => 'ping'), run.then(() => 'run')]);
    assert.equal(first, 'ping');
    writeFileSync(join(dir, 'go'), '');
    await run;
    assert.equal(pool.runners.busy, 0);
    await pool.ping();
  }
});

test('a thread answers what is meant for its kind, and ends at what is meant for another', async (t) => {
  const { request } = makeFiles(t);
  const external = request('intent-a.json');
  const builtin = { ...external, porch: 'builtin' };
  const limits = { maxFileSize: 1, maxReplicas: 1, systemNamespaces: [] };
  const questions: { [K in Kind]: Question<K> } = {
    reader: { type: 'check', paths: [], limits },
    runner: { type: 'run', requests: [external], spawner: 'node' },
    embedded: { type: 'run', requests: [builtin], spawner: 'builtin', limits },
  };
  const kinds = ['reader', 'runner', 'embedded'] as const;
  for (const [kind, meant] of kinds.flatMap((one) => kinds.map((other) => [one, other] as const))) {
    const worker = startWorker(kind);
    worker.postMessage({ ...questions[meant], id: 1 });
    const end = await once(worker, 'message').then(
      () => 'answered',
      () => 'ended',
    );
    await worker.terminate();
    assert.equal(end, kind === meant ? 'answered' : 'ended', `${kind}, asked as ${meant}`);
  }
});

for (const deafKind of ['reader', 'runner'] as const) {
  test(`a ${deafKind} that is deaf leaves a ping open, and one that dies ends it`, async (t) => {
    const start = (kind: Kind) => (kind === deafKind ? deaf() : mortal(kind));
    const pool = makePool(t, { runners: 1 }, start);
    pool.warm();
    let answered = false;
    const ping = pool.ping().then(() => {
      answered = true;
    });
    // By then the other one has answered.
    if (deafKind === 'reader') await pool.runners.ping();
    else await until(() => pool.isReaderReady);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(answered, false);
    await pool.close();
    await ping;
  });
}
