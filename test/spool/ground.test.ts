import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { DirectoryAway, Ground } from '../../src/spool/ground.ts';
import { makeSpool } from './support.ts';

test('a directory that is moved away is missed, and known when it is back', (t) => {
  const { handoff } = makeSpool(t);
  const ground = new Ground(handoff);
  assert.equal(ground.isLost(), false);
  renameSync(handoff, `${handoff}-away`);
  assert.throws(() => ground.isLost(), DirectoryAway);
  assert.throws(() => ground.isLost(), { code: 'ENOENT' });
  renameSync(`${handoff}-away`, handoff);
  assert.equal(ground.isLost(), false);
});

test('once another directory was in its place it is lost, also when it is back', (t) => {
  const { handoff } = makeSpool(t);
  const ground = new Ground(handoff);
  renameSync(handoff, `${handoff}-away`);
  mkdirSync(handoff);
  assert.equal(ground.isLost(), true);
  rmSync(handoff, { recursive: true });
  assert.equal(ground.isLost(), true);
  renameSync(`${handoff}-away`, handoff);
  assert.equal(ground.isLost(), true);
});
