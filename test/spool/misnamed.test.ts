import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Misnamed } from '../../src/spool/misnamed.ts';

test('a directory is told of once as long as looks come upon it, and again when it has been gone', () => {
  const told: string[] = [];
  const misnamed = new Misnamed((name) => told.push(name));
  misnamed.found('a');
  misnamed.found('a');
  misnamed.looked();
  misnamed.passed('a');
  misnamed.looked();
  misnamed.found('a');
  misnamed.looked();
  assert.deepEqual(told, ['a']);
  misnamed.looked();
  misnamed.found('a');
  assert.deepEqual(told, ['a', 'a']);
});

test('a name that was only passed over is told of when it is found to be a directory', () => {
  const told: string[] = [];
  const misnamed = new Misnamed((name) => told.push(name));
  misnamed.passed('a');
  misnamed.found('a');
  assert.deepEqual(told, ['a']);
});
