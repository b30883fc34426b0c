import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryDelayMs } from '../../src/queue/retry.ts';

const policy = { maxAttempts: 9, initialDelayMs: 100, maxDelayMs: 1000 };
const delays = (random: () => number) =>
  [1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(policy, attempt, random));

test('delays double up to the longest', () => {
  assert.deepEqual(
    delays(() => 1),
    [100, 200, 400, 800, 1000, 1000],
  );
});

test('chance takes away at most half', () => {
  assert.deepEqual(
    delays(() => 0),
    [50, 100, 200, 400, 500, 500],
  );
});

test('an attempt without end never waits longer than the longest delay', () => {
  assert.equal(
    retryDelayMs(policy, 5000, () => 1),
    1000,
  );
});
