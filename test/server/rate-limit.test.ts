import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from '../../src/server/rate-limit.ts';

/** A limit whose clock stands still but for what the test lets pass. */
function limited(perMinute: number, burst: number) {
  let now = 1000;
  const limit = new RateLimit({ perMinute, burst }, () => now);
  const pass = (ms: number) => {
    now += ms;
  };
  return { limit, pass };
}

test('so many at once, then one for each part of a minute', () => {
  const { limit, pass } = limited(60, 2);
  assert.deepEqual([limit.ask('a'), limit.ask('a'), limit.ask('a')], [0, 0, 1000]);
  pass(400);
  assert.equal(Math.round(limit.ask('a')), 600);
  pass(600);
  assert.deepEqual([limit.ask('a'), limit.ask('a')], [0, 1000]);
});

test('rest is saved up to the burst and no further', () => {
  const { limit, pass } = limited(60, 3);
  pass(3_600_000);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => limit.ask('a') === 0),
    [true, true, true, false],
  );
});

test('each address has its own', () => {
  const { limit } = limited(60, 1);
  assert.deepEqual([limit.ask('a'), limit.ask('b')], [0, 0]);
  assert.ok(limit.ask('a') > 0);
});

test('of a million addresses those that asked last are remembered', () => {
  const { limit } = limited(60, 1);
  limit.ask('first');
  for (let n = 0; n < 20_000; n++) limit.ask(`a${n}`);
  assert.equal(limit.ask('first'), 0);
  assert.ok(limit.ask('a19999') > 0);
});
