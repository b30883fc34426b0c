import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { nativeSpawnerProblem } from '../../src/porch/native/spawner.ts';
import type { PorchRequest, SpawnerName } from '../../src/porch/types.ts';
import { Pool, type PoolOptions, ThreadDied } from '../../src/workers/pool.ts';
import { tempDir } from '../spool/support.ts';
import { intentFor, readPorchLog, standInPorch } from '../tools/porch.ts';
import { until } from '../tools/until.ts';

const limits = { maxFileSize: 1024 * 1024, maxReplicas: 100, systemNamespaces: [] };
const spawners: SpawnerName[] = nativeSpawnerProblem() === null ? ['native', 'node'] : ['node'];

function makePool(t: TestContext, changes: Partial<PoolOptions> = {}, start?: () => Worker): Pool {
  const options = { runners: 2, runsPerThread: 1, limits, spawner: 'node', ...changes } as const;
  const pool = new Pool(options, start);
  t.after(() => pool.close());
  return pool;
}

const mortal = () => new Worker(new URL('mortal-worker.ts', import.meta.url));

let runs = 0;

/** Files of one test and the requests to run porch for them. */
function makeFiles(t: TestContext) {
  const dir = tempDir(t);
  const put = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const request = (name: string, directives = '', changes: Partial<PorchRequest> = {}) => ({
    porch: standInPorch,
    mode: 'direct' as const,
    intentPath: put(name, intentFor(directives, { target: name.replace(/\W/g, '-') })),
    outDir: dir,
    timeoutMs: 60_000,
    runId: `test${process.pid}-${++runs}`,
    attempt: 1,
    sha256: 'a'.repeat(64),
    correlationId: '',
    porchEnv: [],
    ...changes,
  });
  const begun = (name: string) =>
    until(() => readPorchLog(dir).some((line) => line.event === 'start' && line.name === name));
  return { dir, put, request, begun };
}

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
      pool.run(request(name, 'wait-for=go')),
    );
    const third = pool.run(request('intent-c.json', 'exit=7'));
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
    const running = pool.run(request('intent-a.json', 'sleep=60'));
    await begun('intent-a.json');
    pool.cancel('SIGTERM');
    const { result } = await running;
    assert.equal(result.cancelled, true);
    assert.equal(result.signal, 'SIGTERM');
  });
}

test('what no thread has begun is taken back as cancelled', async (t) => {
  const pool = makePool(t, { runners: 1 });
  const { dir, request, begun } = makeFiles(t);
  const first = pool.run(request('intent-a.json', 'wait-for=go'));
  await begun('intent-a.json');
  const second = pool.run(request('intent-b.json'));
  pool.drain();
  assert.equal((await second).result.cancelled, true);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await first).result.exitCode, 0);
  assert.ok(!readPorchLog(dir).some(({ name }) => name === 'intent-b.json'));
});

for (const spawner of spawners) {
  test(`there may be more threads, and fewer when their runs have ended (${spawner})`, async (t) => {
    const started: Worker[] = [];
    const ended = new Set<Worker>();
    const start = () => {
      const worker = mortal();
      started.push(worker);
      worker.on('exit', () => ended.add(worker));
      return worker;
    };
    const pool = makePool(t, { runners: 1, spawner }, start);
    const { dir, request, begun } = makeFiles(t);
    const names = ['intent-a.json', 'intent-b.json', 'intent-c.json', 'intent-d.json'];
    const runs = names.map((name) => pool.run(request(name, `wait-for=go-${name}`)));
    const release = (name = '') => writeFileSync(join(dir, `go-${name}`), '');
    await begun('intent-a.json');
    pool.resize(3);
    for (const name of names.slice(0, 3)) await begun(name);
    pool.resize(1);
    pool.resize(1);
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
    pool.resize(2);
    const again = ['intent-e.json', 'intent-f.json'].map((name) => pool.run(request(name)));
    for (const { result } of await Promise.all(again)) assert.equal(result.exitCode, 0);
    await pool.ping();
  });

  test(`threads that are too many are told to end their runs like all others (${spawner})`, async (t) => {
    const pool = makePool(t, { spawner });
    const { request, begun } = makeFiles(t);
    const names = ['intent-a.json', 'intent-b.json'];
    const runs = names.map((name) => pool.run(request(name, 'sleep=60')));
    for (const name of names) await begun(name);
    pool.resize(1);
    pool.cancel('SIGTERM');
    for (const { result } of await Promise.all(runs)) assert.ok(result.cancelled);
  });
}

test('the embedded porch gets several requests at a time, dealt out evenly', async (t) => {
  const pool = makePool(t, { runsPerThread: 64 });
  const { dir, request } = makeFiles(t);
  const names = Array.from({ length: 40 }, (_, index) => `intent-${index}.json`);
  const ran = await Promise.all(
    names.map((name) => pool.run(request(name, '', { porch: 'builtin' }))),
  );
  for (const { result } of ran) assert.equal(result.exitCode, 0, result.stderr);
  const shares = [0, 1].map((id) => ran.filter(({ workerId }) => workerId === id).length);
  assert.deepEqual(shares, [20, 20]);
  const packages = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  assert.equal(packages.filter((path) => path.endsWith('Kptfile')).length, names.length);
});

test('each of a batch gets its own result', async (t) => {
  const pool = makePool(t, { runners: 1, runsPerThread: 8 });
  const { request } = makeFiles(t);
  const codes = [0, 3, 7, 0, 1];
  const ran = await Promise.all(
    codes.map((code, index) => pool.run(request(`intent-${index}.json`, `exit=${code}`))),
  );
  assert.deepEqual(
    ran.map(({ result }) => result.exitCode),
    codes,
  );
});

const native = { skip: !spawners.includes('native') && 'no native spawner on this system' };

test('behind a run that turns out long nobody waits, done or not begun', native, async (t) => {
  const pool = makePool(t, { runners: 1, spawner: 'native', batchMs: 1000 });
  const { dir, request, begun } = makeFiles(t);
  const quick = (name: string) => request(name, '', { porch: '/bin/true' });
  // Runs have to be known as short before they are given out in batches.
  for (let n = 0; pool.appetite < 8; n++) await pool.run(quick(`intent-warm-${n}.json`));
  const before = [quick('intent-a.json'), quick('intent-b.json')].map((one) => pool.run(one));
  const long = pool.run(request('intent-long.json', 'wait-for=go'));
  const behind = ['c', 'd', 'e', 'f', 'g', 'h'].map((name) => {
    return pool.run(request(`intent-${name}.json`, 'exit=7'));
  });
  await begun('intent-long.json');
  for (const { result } of await Promise.all(before)) assert.equal(result.exitCode, 0);
  pool.drain();
  for (const { result } of await Promise.all(behind)) assert.equal(result.cancelled, true);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await long).result.exitCode, 0);
});

test('what a long run had before it goes to another thread', native, async (t) => {
  const pool = makePool(t, { runners: 2, spawner: 'native', batchMs: 1000 });
  const { dir, request, begun } = makeFiles(t);
  for (let n = 0; pool.appetite < 16; n++) {
    await pool.run(request(`intent-warm-${n}.json`, '', { porch: '/bin/true' }));
  }
  const names = Array.from({ length: 12 }, (_, index) => `intent-${index}.json`);
  const long = pool.run(request('intent-long.json', 'wait-for=go'));
  const others = names.map((name) => pool.run(request(name)));
  await begun('intent-long.json');
  for (const { result } of await Promise.all(others)) assert.equal(result.exitCode, 0);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await long).result.exitCode, 0);
  const starts = readPorchLog(dir).filter(({ event }) => event === 'start');
  assert.equal(starts.length, names.length + 1);
});

test('what is more urgent goes before runs that a busy thread was given', {
  ...native,
  timeout: 60_000,
}, async (t) => {
  const pool = makePool(t, { runners: 1, spawner: 'native', batchMs: 1000 }, mortal);
  const { request } = makeFiles(t);
  for (let n = 0; pool.appetite < 16; n++) {
    await pool.run(request(`intent-warm-${n}.json`, '', { porch: '/bin/true' }));
  }
  // What a thread had when it died is in nobody's way later.
  const deadly = ['intent-deadly-a.json', 'intent-deadly-b.json'].map((name) => {
    const lost = pool.run(request(name), { alone: false, priority: 10, begins() {} });
    return assert.rejects(lost, ThreadDied);
  });
  await Promise.all(deadly);
  const ended: string[] = [];
  const run = async (name: string, priority: number, begins = () => {}) => {
    const options = { alone: false, priority, begins };
    const { result } = await pool.run(request(name, '', { porch: '/bin/true' }), options);
    assert.equal(result.exitCode, 0);
    ended.push(name);
  };
  // Where the thread has done all before it hears of the urgent one, another round decides.
  let last = 'intent-urgent.json';
  for (let round = 0; round < 10 && last === 'intent-urgent.json'; round++) {
    const { promise: given, resolve } = Promise.withResolvers<void>();
    const others = Array.from({ length: 16 }, (_, n) => run(`intent-${n}.json`, 5, resolve));
    await given;
    await Promise.all([run('intent-urgent.json', 6), ...others]);
    last = ended.splice(0).at(-1) ?? '';
  }
  assert.notEqual(last, 'intent-urgent.json');
});

test('one that has to be alone shares its thread with nobody', async (t) => {
  const pool = makePool(t, { runners: 1, runsPerThread: 64 }, mortal);
  const { request } = makeFiles(t);
  const begins: string[] = [];
  const run = (name: string, alone: boolean) =>
    pool.run(request(name), { alone, priority: 0, begins: () => begins.push(name) });
  const before = run('intent-a.json', false);
  const deadly = run('intent-deadly.json', true);
  const behind = [run('intent-b.json', false), run('intent-c.json', false)];
  await assert.rejects(deadly, ThreadDied);
  for (const { result } of await Promise.all([before, ...behind])) assert.equal(result.exitCode, 0);
  assert.deepEqual(begins, [
    'intent-a.json',
    'intent-deadly.json',
    'intent-b.json',
    'intent-c.json',
  ]);
});

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

test('a thread that cannot start says why', async (t) => {
  const pool = makePool(t, {}, () => new Worker('throw new Error("no memory")', { eval: true }));
  const { request } = makeFiles(t);
  const reason = { message: 'a worker thread died: no memory' };
  await assert.rejects(pool.check(['/intent-a.json']), reason);
  await assert.rejects(pool.run(request('intent-a.json')), reason);
});

test('a runner that dies is replaced, and the runs of the others and after go on', async (t) => {
  const pool = makePool(t, {}, mortal);
  const { dir, request, begun } = makeFiles(t);
  const other = pool.run(request('intent-a.json', 'wait-for=go'));
  await begun('intent-a.json');
  const died = pool.run(request('intent-deadly.json'));
  const behind = pool.run(request('intent-b.json'));
  await assert.rejects(died, ThreadDied);
  assert.equal((await behind).result.exitCode, 0);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await other).result.exitCode, 0);
  assert.ok(existsSync(join(dir, 'porch.log')));
});

test('a pool that was warmed or never used holds nothing up', async (t) => {
  const pool = makePool(t);
  pool.cancel('SIGTERM');
  pool.warm();
  pool.warm();
  const { put } = makeFiles(t);
  assert.equal((await pool.check([put('intent-a.json', intentFor(''))]))[0]?.kind, 'accepted');
  await pool.close();
});

test('threads without work answer a ping, and those that run porch are not waited for', async (t) => {
  for (const spawner of spawners) {
    const pool = makePool(t, { runners: 1, spawner });
    await pool.ping();
    const { dir, put, request, begun } = makeFiles(t);
    await pool.check([put('intent-a.json', intentFor(''))]);
    const run = pool.run(request('intent-b.json', 'wait-for=go'));
    await begun('intent-b.json');
    assert.equal(pool.busy, 1);
    const first = await Promise.race([pool.ping().then(() => 'ping'), run.then(() => 'run')]);
    assert.equal(first, 'ping');
    writeFileSync(join(dir, 'go'), '');
    await run;
    assert.equal(pool.busy, 0);
    await pool.ping();
  }
});

test('a thread that is deaf leaves a ping open, and one that dies ends it', async (t) => {
  const deaf = () => new Worker('setInterval(() => {}, 1000)', { eval: true });
  const pool = makePool(t, { runners: 1 }, deaf);
  pool.warm();
  let answered = false;
  const ping = pool.ping().then(() => {
    answered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(answered, false);
  await pool.close();
  await ping;
});
