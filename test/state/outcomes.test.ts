import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keptHash } from '../../src/state/kept-hash.ts';
import { Outcomes, type PastOutcome } from '../../src/state/outcomes.ts';
import { sha } from './support.ts';

/** The year 6429. */
const LATEST = 2 ** 47 - 1;

const past: fc.Arbitrary<PastOutcome> = fc.record({
  sha: fc.constantFrom('', keptHash(sha('x')), 'f'.repeat(32)),
  succeeded: fc.boolean(),
  at: fc.oneof(fc.integer({ min: 0, max: LATEST }), fc.constantFrom(0, LATEST)),
});

test('each number has its own outcome, to the last bit', () => {
  fc.assert(
    fc.property(fc.array(past, { minLength: 1, maxLength: 600, size: 'max' }), (all) => {
      const outcomes = new Outcomes();
      for (const [number, outcome] of all.entries()) outcomes.set(number, outcome);
      for (const [number, { sha, succeeded, at }] of all.entries()) {
        assert.deepEqual(outcomes.get(number), { sha, succeeded, at });
        assert.equal(outcomes.at(number), at);
      }
    }),
    { numRuns: 20 },
  );
});

test('of a time that does not fit the nearest is kept', () => {
  const outcomes = new Outcomes();
  for (const [at, kept] of [
    [-1, 0],
    [Number.NaN, 0],
    [1.9, 1],
    [LATEST + 1, LATEST],
    [Number.POSITIVE_INFINITY, LATEST],
  ] as const) {
    outcomes.set(0, { sha: '', succeeded: true, at });
    assert.deepEqual(outcomes.get(0), { sha: '', succeeded: true, at: kept });
  }
});

test('what has gone leaves its number to the last one, and its bytes', () => {
  const outcomes = new Outcomes();
  const outcomeOf = (number: number) => ({
    sha: keptHash(sha(`${number}`)),
    succeeded: number % 3 === 0,
    at: number,
  });
  for (let number = 0; number < 5000; number++) outcomes.set(number, outcomeOf(number));
  const full = outcomes.bytesHeld;
  for (let last = 4999; last >= 1000; last--) outcomes.replace(last % 1000, last);
  for (let number = 0; number < 1000; number++) {
    assert.deepEqual(outcomes.get(number), outcomeOf(number + 1000));
  }
  assert.ok(outcomes.bytesHeld < full / 3, `${outcomes.bytesHeld} of ${full} bytes`);
});
