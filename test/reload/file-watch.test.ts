import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileWatch } from '../../src/reload/file-watch.ts';
import { tempDir } from '../spool/support.ts';
import { until } from '../tools/until.ts';

const HOUR_MS = 3_600_000;

/** A watched file in a directory of its own; `news` waits for the next call. */
function watched(t: TestContext, path: string, periodMs = HOUR_MS) {
  let calls = 0;
  let seen = 0;
  const watch = new FileWatch(path, () => calls++, periodMs);
  watch.start();
  t.after(() => watch.stop());
  const news = async () => {
    await until(() => calls > seen);
    seen = calls;
  };
  return { watch, news, calls: () => calls };
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

test('a file that is rewritten, replaced, removed or made again is news, and so is the first look', async (t) => {
  const path = join(tempDir(t), 'config.json');
  writeFileSync(path, 'a');
  const { news } = watched(t, path);
  await news();
  writeFileSync(path, 'bb');
  await news();
  replace(path, 'ccc');
  await news();
  rmSync(path);
  await news();
  replace(path, 'ccc');
  await news();
});

test('the same content in a file that came and went is news: somebody may have read the other', async (t) => {
  const path = join(tempDir(t), 'config.json');
  writeFileSync(path, 'a');
  const { news } = watched(t, path);
  await news();
  replace(path, 'b');
  replace(path, 'a');
  await news();
});

test('what others do in its directory is no news', async (t) => {
  const path = join(tempDir(t), 'config.json');
  writeFileSync(path, 'a');
  const { news, calls } = watched(t, path, 20);
  await news();
  for (let round = 0; round < 20; round++) {
    writeFileSync(join(dirname(path), 'other'), `${round}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  writeFileSync(path, 'b');
  await news();
  assert.equal(calls(), 2);
});

test('others that write in its directory all the time do not put a look off', async (t) => {
  const path = join(tempDir(t), 'config.json');
  writeFileSync(path, 'a');
  const { news } = watched(t, path);
  await news();
  let over = false;
  const writeOn = () => {
    if (over) return;
    writeFileSync(join(dirname(path), 'other'), 'x');
    setImmediate(writeOn);
  };
  writeOn();
  writeFileSync(path, 'b');
  await news().finally(() => {
    over = true;
  });
});

test('a link whose target changes elsewhere is compared now and then', async (t) => {
  const root = tempDir(t);
  for (const name of ['here', 'there']) mkdirSync(join(root, name));
  const target = join(root, 'there', 'config.json');
  writeFileSync(target, 'a');
  symlinkSync(target, join(root, 'here', 'config.json'));
  const { news } = watched(t, join(root, 'here', 'config.json'), 50);
  await news();
  replace(target, 'b');
  await news();
});

test('a directory that goes and comes is watched again', async (t) => {
  const directory = join(tempDir(t), 'config');
  const path = join(directory, 'config.json');
  mkdirSync(directory);
  writeFileSync(path, 'a');
  const { news } = watched(t, path, 50);
  await news();
  rmSync(directory, { recursive: true });
  await news();
  mkdirSync(directory);
  writeFileSync(path, 'b');
  await news();
});

test('nothing is told after the stop', async (t) => {
  const path = join(tempDir(t), 'config.json');
  writeFileSync(path, 'a');
  const { watch, news, calls } = watched(t, path, 10);
  await news();
  watch.stop();
  const neverBegun = watched(t, path, 10);
  neverBegun.watch.stop();
  writeFileSync(path, 'b');
  utimesSync(path, 1, 1);
  const other = watched(t, path, 10);
  await other.news();
  writeFileSync(path, 'c');
  await other.news();
  assert.deepEqual([calls(), neverBegun.calls()], [1, 0]);
});
