import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Layout } from '../../src/spool/layout.ts';
import { Retention, type RetentionLimits } from '../../src/spool/retention.ts';
import { noMeter } from '../../src/telemetry/meter.ts';
import { until } from '../tools/until.ts';
import { makeSpool, put } from './support.ts';

const HOUR_MS = 3_600_000;

function makeRetention(layout: Layout, limits: Partial<RetentionLimits> = {}) {
  const said: string[] = [];
  const pruned: number[] = [];
  const removed: number[] = [];
  const retention = new Retention(
    layout,
    {
      cleanupAfterMs: HOUR_MS,
      failedCleanupAfterMs: 3 * HOUR_MS,
      stateRetentionMs: 24 * HOUR_MS,
      ...limits,
    },
    { prune: (before) => pruned.push(before) },
    { info: (message) => said.push(message), warn: (message) => said.push(`warn ${message}`) },
    { removed: (count) => removed.push(count) },
  );
  return { retention, said, pruned, removed };
}

/** From here on it is later by so much; the change times of files stay what they are. */
function later(t: TestContext, ms: number): void {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + ms });
}

function fill({ processed, failed, status }: Layout): void {
  put(processed, 'intent-a.json');
  put(failed, 'intent-b.json');
  put(failed, 'intent-b.json.error.log');
  put(status, 'intent-a.json.status');
}

const left = ({ processed, failed, status }: Layout) =>
  [processed, failed, status].flatMap((directory) => readdirSync(directory).sort());

test('what was filed longer ago than it is kept goes, and its status with the longer kept', async (t) => {
  const layout = makeSpool(t);
  fill(layout);
  later(t, 2 * HOUR_MS);
  const { retention, said, pruned, removed } = makeRetention(layout);
  await retention.passIfDue();
  assert.deepEqual(left(layout), [
    'intent-b.json',
    'intent-b.json.error.log',
    'intent-a.json.status',
  ]);
  assert.deepEqual(pruned, [Date.now() - 24 * HOUR_MS]);
  assert.deepEqual(said, ['cleaned up: 1 old files removed, 1 entries forgotten']);
  t.mock.timers.setTime(Date.now() + 2 * HOUR_MS);
  await retention.passIfDue();
  assert.deepEqual(left(layout), []);
  assert.deepEqual(removed, [1, 3]);
});

test('it counts from the filing, not from the drop', async (t) => {
  const layout = makeSpool(t);
  fill(layout);
  for (const name of readdirSync(layout.processed)) utimesSync(join(layout.processed, name), 0, 0);
  await makeRetention(layout).retention.passIfDue();
  assert.equal(left(layout).length, 4);
});

test('nothing is removed where the limit is 0', async (t) => {
  const layout = makeSpool(t);
  fill(layout);
  later(t, 1000 * HOUR_MS);
  const { retention } = makeRetention(layout, { failedCleanupAfterMs: 0 });
  await retention.passIfDue();
  assert.deepEqual(left(layout), [
    'intent-b.json',
    'intent-b.json.error.log',
    'intent-a.json.status',
  ]);
});

test('what others have put there is left alone', async (t) => {
  const layout = makeSpool(t);
  for (const directory of [layout.processed, layout.failed, layout.status]) {
    put(directory, 'README');
    put(directory, 'other.json');
    put(directory, 'intent-x.json.bak');
    mkdirSync(join(directory, 'intent-directory.json'));
  }
  const before = left(layout);
  later(t, 1000 * HOUR_MS);
  await makeRetention(layout).retention.passIfDue();
  assert.deepEqual(left(layout), before);
});

test('a program that runs again and again looks once in a period', async (t) => {
  const layout = makeSpool(t);
  const { retention, pruned } = makeRetention(layout);
  await retention.passIfDue();
  await makeRetention(layout).retention.passIfDue();
  assert.equal(pruned.length, 1);
  assert.ok(statSync(layout.cleaned).isFile());
  later(t, HOUR_MS + 60_000);
  const next = makeRetention(layout);
  await next.retention.passIfDue();
  assert.equal(next.pruned.length, 1);
});

test('a directory that cannot be read is said and keeps nothing else from being cleaned', async (t) => {
  const layout = makeSpool(t);
  fill(layout);
  later(t, 10 * HOUR_MS);
  const { retention, said } = makeRetention({ ...layout, processed: join(layout.handoff, 'none') });
  await retention.passIfDue();
  assert.match(said[0] ?? '', /^warn cannot clean up .*none/);
  assert.deepEqual(readdirSync(layout.failed), []);
});

test('while the program runs it cleans again and again until it is stopped', async (t) => {
  const layout = makeSpool(t);
  const { retention, pruned } = makeRetention(layout, {
    cleanupAfterMs: 1,
    failedCleanupAfterMs: 1,
  });
  put(layout.processed, 'intent-a.json');
  retention.start();
  t.after(() => retention.stop());
  await until(() => readdirSync(layout.processed).length === 0);
  put(layout.failed, 'intent-b.json');
  await until(() => readdirSync(layout.failed).length === 0);
  await until(() => pruned.length >= 2);
});

test('other limits take effect soon, and only while it works', async (t) => {
  const layout = makeSpool(t);
  fill(layout);
  const never = 1000 * HOUR_MS;
  const limits = { cleanupAfterMs: 1, failedCleanupAfterMs: 0, stateRetentionMs: never };
  let passes = 0;
  const store = {
    prune: () => {
      passes++;
      return 0;
    },
  };
  const retention = new Retention(layout, limits, store, { info() {}, warn() {} }, noMeter);
  t.after(() => retention.stop());
  retention.start();
  limits.cleanupAfterMs = never;
  await until(() => passes === 1);
  // The next pass would come in an hour.
  limits.cleanupAfterMs = 1;
  retention.retime();
  await until(() => readdirSync(layout.processed).length === 0);
  assert.ok(readdirSync(layout.failed).includes('intent-b.json'));
  await until(() => passes === 2);
  retention.stop();
  retention.retime();
  // A timer that had been set would fire before this one.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(passes, 2);
});
