import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoOf } from '../../src/platform/portable.ts';
import { retrySharing, retrySharingAsync } from '../../src/platform/sharing.ts';

/** A step that fails so often, as Windows does while another program has the file open. */
function refusing(times: number, code: string) {
  const step = { tries: 0, run: () => 'done' };
  step.run = () => {
    step.tries++;
    if (step.tries <= times) throw Object.assign(new Error(code), { code });
    return 'done';
  };
  return step;
}

for (const code of ['EBUSY', 'EPERM', 'EACCES']) {
  test(`a file that is open elsewhere (${code}) is tried again, with growing pauses`, async () => {
    const pauses: number[] = [];
    const step = refusing(4, code);
    assert.equal(
      retrySharing(step.run, (ms) => pauses.push(ms)),
      'done',
    );
    assert.equal(step.tries, 5);
    assert.deepEqual(
      pauses,
      pauses.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(pauses).size, 4);
    const other = refusing(4, code);
    assert.equal(await retrySharingAsync(async () => other.run()), 'done');
    assert.equal(other.tries, 5);
  });
}

test('it is given up after a quarter of a second, with what the system says', async () => {
  let paused = 0;
  const wait = (ms: number) => {
    paused += ms;
  };
  const isBusy = (error: unknown) => errnoOf(error) === 'EBUSY';
  assert.throws(() => retrySharing(refusing(100, 'EBUSY').run, wait), isBusy);
  assert.ok(paused > 200 && paused < 300, String(paused));
  await assert.rejects(
    retrySharingAsync(async () => refusing(1000, 'EBUSY').run()),
    isBusy,
  );
});

test('whatever else fails fails at once', async () => {
  for (const code of ['ENOENT', 'ENOSPC', 'EEXIST', 'ERR_INVALID_ARG_TYPE']) {
    const step = refusing(1, code);
    assert.throws(() => retrySharing(step.run), { code });
    assert.equal(step.tries, 1);
    const other = refusing(1, code);
    await assert.rejects(
      retrySharingAsync(async () => other.run()),
      { code },
    );
    assert.equal(other.tries, 1);
  }
});
