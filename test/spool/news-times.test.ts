import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietAt } from '../../src/spool/news-times.ts';

const now = { at: 5000, date: 1_000_000 };

test('the debounce counts from the change, however late the news of it', () => {
  assert.equal(quietAt(now.date, 500, now), 5500);
  assert.equal(quietAt(now.date - 30, 500, now), 5470);
});

test('the time of a change is believed a tenth of the debounce back, and never ahead', () => {
  assert.equal(quietAt(now.date - 60_000, 500, now), 5450);
  assert.equal(quietAt(now.date + 60_000, 500, now), 5500);
  assert.equal(quietAt(now.date - 1, 0, now), 5000);
});
