import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import fs, { mkdirSync, type PathLike, renameSync, rmSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../tools/until.ts';
import { Watched } from './watched.ts';

test('a handoff that is gone is said, and watched again when it is back', async (t) => {
  const watched = new Watched(t, { periodMs: 20 });
  await watched.intake.start();
  renameSync(watched.handoff, `${watched.handoff}.away`);
  await until(() => watched.errors.length > 0);
  mkdirSync(watched.handoff);
  const before = watched.errors.length;
  await watched.looked();
  watched.put('intent-a.json');
  await until(() => watched.taken.length > 0);
  assert.ok(watched.errors.length <= before + 1);
  rmSync(`${watched.handoff}.away`, { recursive: true });
});

/** From now on a look at a file fails where `fails` says so. Gives back what ends that. */
function failLstat(t: TestContext, fails: (path: PathLike) => boolean): () => void {
  const { lstatSync } = fs;
  const restore = () => {
    fs.lstatSync = lstatSync;
    syncBuiltinESMExports();
  };
  t.after(restore);
  t.mock.method(fs, 'lstatSync', (...args: Parameters<typeof lstatSync>) => {
    if (fails(args[0])) {
      throw Object.assign(new Error('EIO: i/o error, lstat'), { code: 'EIO' });
    }
    return lstatSync(...args);
  });
  syncBuiltinESMExports();
  return restore;
}

test('a file that cannot be looked at ends nothing and is looked at again', async (t) => {
  const watched = new Watched(t, { watch: false, debounceMs: 1000 });
  const path = watched.put('intent-a.json');
  await watched.intake.look();
  assert.equal(watched.intake.settling, 1);
  let failures = 2;
  const restore = failLstat(t, (looked) => looked === path && failures-- > 0);
  await until(() => watched.taken.length > 0);
  assert.equal(watched.errors.length, 2);
  restore();
});

test('what a look has found that failed then is nothing until it is found again', async (t) => {
  const watched = new Watched(t, { watch: false }, false);
  for (const name of ['intent-a.json', 'intent-b.json']) watched.putOld(name, 1000);
  const found: string[] = [];
  const away = `${watched.handoff}.away`;
  // Gone when it is looked at, so that Node is asked for it whichever way the first look takes.
  watched.events.taken = (name) => {
    const path = join(watched.handoff, name);
    if (found.push(path) === 2) renameSync(path, away);
    return false;
  };
  const restore = failLstat(t, (path) => path === found[1]);
  await watched.intake.look();
  restore();
  assert.equal(watched.errors.length, 1);
  assert.equal(watched.intake.settled, 0);
  const [first = '', second = ''] = found;
  rmSync(first);
  renameSync(away, second);
  await watched.intake.look();
  assert.deepEqual(
    watched.intake.take(2).map(({ path }) => path),
    [second],
  );
});

test('where the kernel takes no more watches, looking must do', async (t) => {
  const watched = new Watched(t, { periodMs: 20 });
  const { watch } = fs;
  t.mock.method(fs, 'watch', () => {
    throw Object.assign(new Error('ENOSPC: System limit reached, watch'), { code: 'ENOSPC' });
  });
  syncBuiltinESMExports();
  t.after(() => {
    fs.watch = watch;
    syncBuiltinESMExports();
  });
  await watched.intake.start();
  watched.put('intent-a.json');
  await until(() => watched.taken.length > 0);
  await watched.looked();
  assert.equal(watched.unwatched.length, 1);
  assert.deepEqual(watched.errors, []);
});

/** Nothing is told of any change from now on. */
function loseNews(t: TestContext): void {
  const { watch } = fs;
  const deaf = Object.assign(new EventEmitter(), { close() {}, ref() {}, unref() {} });
  t.mock.method(fs, 'watch', () => deaf);
  syncBuiltinESMExports();
  t.after(() => {
    fs.watch = watch;
    syncBuiltinESMExports();
  });
}

/** How often a directory was read, and how often its times were asked for. */
function countReadings(t: TestContext, path: string): { readings: number; stats: number } {
  const counts = { readings: 0, stats: 0 };
  const [{ statSync }, { readdir }] = [fs, promises];
  t.mock.method(fs, 'statSync', (...args: Parameters<typeof statSync>) => {
    if (args[0] === path) counts.stats++;
    return statSync(...args);
  });
  t.mock.method(promises, 'readdir', (...args: Parameters<typeof readdir>) => {
    if (args[0] === path) counts.readings++;
    return readdir(...args);
  });
  syncBuiltinESMExports();
  t.after(() => {
    Object.assign(fs, { statSync });
    Object.assign(promises, { readdir });
    syncBuiltinESMExports();
  });
  return counts;
}

const skip = process.platform !== 'linux' && 'directory times are relied on only on Linux';

test('an empty directory that is still is not read again, and what came is found', {
  skip,
}, async (t) => {
  loseNews(t);
  const watched = new Watched(t, { periodMs: 5 });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  const counts = countReadings(t, watched.handoff);
  await watched.intake.start();
  await until(() => counts.stats > 200);
  // Each reading asks for the times, too.
  assert.ok(counts.readings < 30, `${counts.readings} of ${counts.stats}`);
  watched.put('intent-a.json');
  await until(() => watched.taken.length > 0);
});

test('a directory with an intent in it is read each time: that may be rewritten', {
  skip,
}, async (t) => {
  loseNews(t);
  const watched = new Watched(t, { periodMs: 5 }, false);
  watched.put('intent-a.json');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  watched.inHand.add('intent-a.json');
  const counts = countReadings(t, watched.handoff);
  await watched.intake.start();
  await until(() => counts.stats > 200);
  // Two stats go with each reading.
  assert.ok(counts.readings > 60, `${counts.readings} of ${counts.stats}`);
  watched.inHand.clear();
  await until(() => watched.intake.settled === 1);
});

test('an empty directory is read each time as long as it cannot be watched', {
  skip,
}, async (t) => {
  const watched = new Watched(t, { periodMs: 5 });
  const { watch } = fs;
  t.mock.method(fs, 'watch', () => {
    throw Object.assign(new Error('EMFILE: too many open files, watch'), { code: 'EMFILE' });
  });
  t.after(() => {
    fs.watch = watch;
    syncBuiltinESMExports();
  });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  const counts = countReadings(t, watched.handoff);
  await watched.intake.start();
  await until(() => counts.stats > 200);
  assert.ok(counts.readings > 60, `${counts.readings} of ${counts.stats}`);
});
