import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../src/config/nearest.ts';

const words = ['handoff', 'max_workers', 'mode', 'once', 'out', 'porch', 'porch_timeout'];

test('the nearest word is found over letters missing, wrong, swapped and added', () => {
  assert.equal(nearest('handof', words), 'handoff');
  assert.equal(nearest('hnadoff', words), 'handoff');
  assert.equal(nearest('max_wokers', words), 'max_workers');
  assert.equal(nearest('max-workers', words), 'max_workers');
  assert.equal(nearest('MODE', words), 'mode');
  assert.equal(nearest('porch_time', words), 'porch_timeout');
});

test('what is near nothing gets no suggestion', () => {
  assert.equal(nearest('zebra', words), undefined);
  assert.equal(nearest('x', []), undefined);
});
