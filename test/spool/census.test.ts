import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Census } from '../../src/spool/census.ts';
import { layoutOf } from '../../src/spool/layout.ts';
import { until } from '../tools/until.ts';
import { tempDir } from './support.ts';

function makeSpool(t: TestContext) {
  const handoff = tempDir(t);
  const layout = layoutOf(handoff, 'one', 'life');
  const { processed, failed, status, inflight } = layout;
  for (const path of [processed, failed, status, inflight]) mkdirSync(path, { recursive: true });
  return layout;
}

test('intents and statuses are counted where they lie, and the state is measured', async (t) => {
  const layout = makeSpool(t);
  const { handoff, processed, failed, status, inflight } = layout;
  const files: [string, readonly string[]][] = [
    [handoff, ['intent-1.json', 'intent-2.json', 'notes.txt']],
    [processed, ['intent-3.json']],
    [failed, ['intent-4.json', 'intent-4.json.error.log', 'intent-5.json']],
    [status, ['intent-3.json.status', '.life.tmp']],
    [inflight, ['intent-6.json']],
  ];
  for (const [directory, names] of files) {
    for (const name of names) writeFileSync(join(directory, name), 'x');
  }
  writeFileSync(layout.snapshot, 'x'.repeat(100));
  writeFileSync(layout.journal, 'x'.repeat(20));
  writeFileSync(`${layout.journal}.7`, 'x'.repeat(3));
  const census = new Census(layout);
  census.begin();
  await until(() => census.latest.files.handoff === 2);
  assert.deepEqual(census.latest, {
    files: { handoff: 2, processed: 1, failed: 2, status: 1, inflight: 1 },
    stateBytes: 123,
  });
  census.stop();
});

test('an answer is given at once, and counting is left for later where it was done just now', async (t) => {
  const layout = makeSpool(t);
  const census = new Census(layout);
  assert.equal(census.latest.files.handoff, 0);
  await until(() => census.latest.stateBytes === 0);
  writeFileSync(join(layout.handoff, 'intent-1.json'), 'x');
  census.begin();
  await until(() => census.latest.files.handoff === 1);
  writeFileSync(join(layout.handoff, 'intent-2.json'), 'x');
  assert.equal(census.latest.files.handoff, 1);
  census.stop();
});

test('a directory that is gone counts nothing and stops nobody', async (t) => {
  const layout = layoutOf(join(tempDir(t), 'gone'), 'one', 'life');
  const census = new Census(layout);
  census.begin();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(census.latest.files.processed, 0);
  census.stop();
});
