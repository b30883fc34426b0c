import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Stillness } from '../../src/spool/stillness.ts';
import { put, tempDir } from './support.ts';

const skip = process.platform !== 'linux' && 'directory times are relied on only on Linux';

/** A directory that was read and had nothing in it, an hour after it was made. */
function still(t: TestContext, isLocal = true): { path: string; stillness: Stillness } {
  const path = join(tempDir(t), 'still');
  mkdirSync(path);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  const stillness = new Stillness(path, isLocal);
  stillness.begin();
  stillness.end();
  return { path, stillness };
}

test('a directory that was read stays still until something comes or goes', { skip }, (t) => {
  const ends: ((path: string) => void)[] = [
    (path) => put(path, 'a'),
    (path) => mkdirSync(join(path, 'a')),
    (path) => rmSync(path, { recursive: true }),
    (path) => chmodSync(path, 0o700),
    (path) => {
      renameSync(path, `${path}.away`);
      mkdirSync(path);
    },
  ];
  for (const end of ends) {
    const { path, stillness } = still(t);
    assert.equal(stillness.lasts(), true);
    end(path);
    assert.equal(stillness.lasts(), false, String(end));
    t.mock.timers.reset();
  }
});

test('what was there and is gone is news too', { skip }, (t) => {
  const path = tempDir(t);
  const file = put(path, 'a');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  const stillness = new Stillness(path, true);
  stillness.begin();
  stillness.end();
  writeFileSync(file, 'what is in a file is none of its business');
  assert.equal(stillness.lasts(), true);
  rmSync(file);
  assert.equal(stillness.lasts(), false);
});

test('what changed just before the reading may change once more with the same time', (t) => {
  const path = tempDir(t);
  put(path, 'a');
  const stillness = new Stillness(path, true);
  stillness.begin();
  stillness.end();
  assert.equal(stillness.lasts(), false);
});

test('it is not still before it was read to its end', (t) => {
  const { stillness } = still(t);
  stillness.begin();
  assert.equal(stillness.lasts(), false);
});

test('where other hosts change it, times are not believed', (t) => {
  assert.equal(still(t, false).stillness.lasts(), false);
});

test('it is read now and then whatever the times say', { skip }, (t) => {
  const { stillness } = still(t);
  const turns = Array.from({ length: 20 }, () => stillness.lasts());
  assert.equal(turns.indexOf(false), 15);
  stillness.begin();
  stillness.end();
  assert.equal(stillness.lasts(), true);
});
