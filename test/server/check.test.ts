import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Check } from '../../src/server/check.ts';

test('an answer says how it went, what is to be said, and how long it took', async () => {
  const good = await new Check('disk', async () => 'turns').result();
  assert.deepEqual(
    { ...good, duration_ms: 0 },
    { name: 'disk', state: 'pass', duration_ms: 0, message: 'turns' },
  );
  assert.ok(good.duration_ms >= 0);
  const bad = await new Check('disk', async () => {
    throw new Error('EIO');
  }).result();
  assert.deepEqual([bad.state, bad.message], ['fail', 'EIO']);
});

test('each answer is a new one, also after one that was refused at once', async () => {
  let full = true;
  const check = new Check('queue', () => {
    if (full) throw new Error('full');
    return 'room';
  });
  assert.equal((await check.result()).state, 'fail');
  full = false;
  assert.equal((await check.result()).state, 'pass');
});

test('those who ask meanwhile share one question', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let asked = 0;
  const check = new Check('disk', () => {
    asked++;
    return promise;
  });
  const results = [check.result(), check.result(), check.result()];
  resolve('turns');
  assert.deepEqual(
    (await Promise.all(results)).map(({ state }) => state),
    ['pass', 'pass', 'pass'],
  );
  assert.equal(asked, 1);
});

test('a disk that stalls does not stall the answer, fails when patience ends, and may come back', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let asked = 0;
  const stalls = () => {
    asked++;
    return promise;
  };
  const check = new Check('disk', stalls, 700);
  const begun = performance.now();
  const first = await check.result();
  assert.ok(performance.now() - begun < 5000, 'it did not wait for the disk');
  assert.match(first.message, /^no answer for \d+ ms$/);
  const second = await check.result();
  assert.equal(second.state, 'fail');
  assert.equal(asked, 1, 'a disk that stalls is not asked again and again');
  resolve('turns');
  await promise;
  await new Promise(setImmediate);
  assert.equal((await check.result()).state, 'pass');
});

test('within its patience a check without an answer counts as well', async () => {
  const check = new Check('workers', () => new Promise<string>(() => {}), 60_000);
  assert.equal((await check.result()).state, 'pass');
});
