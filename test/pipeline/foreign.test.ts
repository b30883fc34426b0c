import assert from 'node:assert/strict';
import { lstatSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Foreign } from '../../src/pipeline/foreign.ts';
import { put, tempDir } from '../spool/support.ts';

test('files that are left to others are known until they are gone or changed', async (t) => {
  const handoff = tempDir(t);
  const foreign = new Foreign(handoff);
  const names = Array.from({ length: 2500 }, (_, index) => `intent-${index}.json`);
  for (const name of names) {
    const time = lstatSync(put(handoff, name)).mtimeMs;
    foreign.add({ name, time });
  }
  await foreign.verify();
  assert.equal(foreign.size, names.length);
  const [removed = '', changed = '', told = '', ...kept] = names.toReversed();
  rmSync(join(handoff, removed));
  utimesSync(join(handoff, changed), 1000, 1000);
  foreign.delete(told);
  await foreign.verify();
  assert.deepEqual(
    [removed, changed, told].filter((name) => foreign.has(name)),
    [],
  );
  assert.ok(kept.every((name) => foreign.has(name)));
  const taken = foreign.takeAll();
  assert.deepEqual(taken.map(({ name }) => name).sort(), kept.sort());
  assert.equal(foreign.size, 0);
  assert.deepEqual(foreign.takeAll(), []);
});
