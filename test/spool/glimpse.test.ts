import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seemsToWait } from '../../src/spool/glimpse.ts';
import { tempDir } from './support.ts';

test('intents seem to wait where one lies beside what is ours, and only there', (t) => {
  const handoff = tempDir(t);
  for (const ours of ['processed', 'failed', 'status', '.inflight']) mkdirSync(join(handoff, ours));
  writeFileSync(join(handoff, '.conductor-state.json'), '');
  assert.equal(seemsToWait(handoff), false);
  writeFileSync(join(handoff, 'intent-a.json'), '');
  assert.equal(seemsToWait(handoff), true);
});

test('where the directory cannot be read, nothing seems to wait', (t) => {
  assert.equal(seemsToWait(join(tempDir(t), 'gone')), false);
});
