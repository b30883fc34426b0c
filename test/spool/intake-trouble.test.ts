import assert from 'node:assert/strict';
import fs, { mkdirSync, type PathLike, renameSync, rmSync } from 'node:fs';
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
