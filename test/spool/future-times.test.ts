import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FutureTimes } from '../../src/spool/future-times.ts';

test('who is a little ahead of our clock does not settle after who is far ahead', () => {
  const times = new FutureTimes();
  for (const [name, mtimeMs] of [
    ['a', 1040],
    ['b', 1060],
  ] as const) {
    assert.equal(times.changeTime(name, mtimeMs, 1000), 1000);
    assert.equal(times.changeTime(name, mtimeMs, 1050), 1000);
  }
});

test('what is written again is unchanged since then', () => {
  const times = new FutureTimes();
  assert.equal(times.changeTime('a', 1040, 1000), 1000);
  assert.equal(times.changeTime('a', 1090, 1050), 1050);
  assert.equal(times.changeTime('a', 1095, 1100), 1095);
});

test('a clock that was set back since makes nothing wait for it to come back', () => {
  const times = new FutureTimes();
  assert.equal(times.changeTime('a', 9000, 5000), 5000);
  assert.equal(times.changeTime('a', 9000, 1000), 1000);
  assert.equal(times.changeTime('a', 9000, 1050), 1000);
});
