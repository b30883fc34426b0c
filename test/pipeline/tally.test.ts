import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conclusion, Failure } from '../../src/pipeline/job.ts';
import { Tally } from '../../src/pipeline/tally.ts';

function conclusion(outcome: Conclusion['outcome'], code?: Failure['code']): Conclusion {
  const error = code && { error: { code, message: '', mend: '' } };
  return { outcome, message: '', attempts: 1, durationMs: 1, workerId: 0, ...error };
}

test('it counts outcomes and codes and says them in a line', () => {
  const tally = new Tally();
  assert.equal(tally.summary(), '0 succeeded, 0 failed');
  for (const [outcome, code] of [
    ['success'],
    ['success'],
    ['skipped'],
    ['failed', 'E013'],
    ['failed', 'E003'],
    ['failed', 'E013'],
    ['timeout', 'E007'],
  ] as const) {
    tally.concluded(conclusion(outcome, code));
  }
  assert.equal(tally.done, 7);
  assert.equal(tally.failures, 4);
  assert.equal(tally.summary(), '2 succeeded, 1 skipped, 4 failed (E003 1, E007 1, E013 2)');
  tally.givenBack = 3;
  assert.match(tally.summary(), /, 3 given back$/);
});
