import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ThreadDied } from '../../src/workers/thread.ts';
import { readPorchLog } from '../tools/porch.ts';
import { makeFiles, makePool, mortal, native } from './support.ts';

test('the embedded porch gets several requests at a time, dealt out evenly', async (t) => {
  const pool = makePool(t, { runsPerThread: 64, spawner: 'builtin' });
  const { dir, request } = makeFiles(t);
  const names = Array.from({ length: 40 }, (_, index) => `intent-${index}.json`);
  const ran = await Promise.all(
    names.map((name) => pool.runners.run(request(name, '', { porch: 'builtin' }))),
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
    codes.map((code, index) => pool.runners.run(request(`intent-${index}.json`, `exit=${code}`))),
  );
  assert.deepEqual(
    ran.map(({ result }) => result.exitCode),
    codes,
  );
});

test('behind a run that turns out long nobody waits, done or not begun', native, async (t) => {
  const pool = makePool(t, { runners: 1, spawner: 'native', batchMs: 1000 });
  const { dir, request, begun } = makeFiles(t);
  const quick = (name: string) => request(name, '', { porch: '/bin/true' });
  // Runs have to be known as short before they are given out in batches.
  for (let n = 0; pool.runners.appetite < 8; n++)
    await pool.runners.run(quick(`intent-warm-${n}.json`));
  const before = [quick('intent-a.json'), quick('intent-b.json')].map((one) =>
    pool.runners.run(one),
  );
  const long = pool.runners.run(request('intent-long.json', 'wait-for=go'));
  const behind = ['c', 'd', 'e', 'f', 'g', 'h'].map((name) => {
    return pool.runners.run(request(`intent-${name}.json`, 'exit=7'));
  });
  await begun('intent-long.json');
  for (const { result } of await Promise.all(before)) assert.equal(result.exitCode, 0);
  pool.runners.drain();
  for (const { result } of await Promise.all(behind)) assert.equal(result.cancelled, true);
  writeFileSync(join(dir, 'go'), '');
  assert.equal((await long).result.exitCode, 0);
});

test('what a long run had before it goes to another thread', native, async (t) => {
  const pool = makePool(t, { runners: 2, spawner: 'native', batchMs: 1000 });
  const { dir, request, begun } = makeFiles(t);
  for (let n = 0; pool.runners.appetite < 16; n++) {
    await pool.runners.run(request(`intent-warm-${n}.json`, '', { porch: '/bin/true' }));
  }
  const names = Array.from({ length: 12 }, (_, index) => `intent-${index}.json`);
  const long = pool.runners.run(request('intent-long.json', 'wait-for=go'));
  const others = names.map((name) => pool.runners.run(request(name)));
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
  for (let n = 0; pool.runners.appetite < 16; n++) {
    await pool.runners.run(request(`intent-warm-${n}.json`, '', { porch: '/bin/true' }));
  }
  // What a thread had when it died is in nobody's way later.
  const deadly = ['intent-deadly-a.json', 'intent-deadly-b.json'].map((name) => {
    const lost = pool.runners.run(request(name), { alone: false, priority: 10, begins() {} });
    return assert.rejects(lost, ThreadDied);
  });
  await Promise.all(deadly);
  const ended: string[] = [];
  const run = async (name: string, priority: number, begins = () => {}) => {
    const options = { alone: false, priority, begins };
    const { result } = await pool.runners.run(request(name, '', { porch: '/bin/true' }), options);
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

/** Answers its first questions, so many, as runs that went well, and ends with two more in hand. */
const mortalAfter = (answers: number) => `
  const { parentPort } = require('node:worker_threads');
  const result = { exitCode: 0, signal: null, startError: null, timedOut: false,
    cancelled: false, replaced: false, stdout: '', stderr: '', durationMs: 1 };
  let asked = 0;
  parentPort.on('message', ({ type, id, requests }) => {
    if (type !== 'run') return;
    asked++;
    if (asked === ${answers} + 2) process.exit(3);
    const results = requests.map(() => result);
    if (asked <= ${answers}) {
      parentPort.postMessage({ type: 'ran', id, results, returned: 0, done: true });
    }
  });`;

test('of what a thread had in advance when it died one may have begun, the others have not', async (t) => {
  let threads = 0;
  const pool = makePool(t, { runners: 1, spawner: 'native', batchMs: 1000 }, () => {
    return new Worker(mortalAfter(threads++ === 0 ? 1 : 1000), {
      eval: true,
      trackUnmanagedFds: false,
    });
  });
  const { request } = makeFiles(t);
  const run = (name: string) => pool.runners.run(request(`intent-${name}.json`));
  // One batch in advance is given only where runs are known to be short.
  await Promise.all(Array.from({ length: 10 }, (_, n) => run(`warm-${n}`)));
  const ends = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => run(`${n}`)));
  const died = ends.map(({ status }) => status === 'rejected');
  assert.deepEqual(died.lastIndexOf(true), died.indexOf(false) - 1);
  assert.equal(died.filter(Boolean).length, 17);
});

test('one that has to be alone shares its thread with nobody', async (t) => {
  const pool = makePool(t, { runners: 1, runsPerThread: 64 }, mortal);
  const { request } = makeFiles(t);
  const begins: string[] = [];
  const run = (name: string, alone: boolean) =>
    pool.runners.run(request(name), { alone, priority: 0, begins: () => begins.push(name) });
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
