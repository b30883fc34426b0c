import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/units.ts';

test('durations are read as Go reads them', () => {
  const table: [string, number][] = [
    ['500ms', 500],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['168h', 604_800_000],
    ['0', 0],
    ['0s', 0],
    ['+5s', 5000],
    ['1.1s', 1100],
    ['250us', 0.25],
    ['250µs', 0.25],
    ['1000000ns', 1],
  ];
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
});

test('what is no duration is refused with an example of one', () => {
  for (const text of ['', 's', '500', '1.5', '1d', '5 s', '1h 30m', 'ten', '.s', '1e3s', '5s!']) {
    assert.throws(() => parseDuration(text), /500ms/, text);
  }
  assert.throws(() => parseDuration('-1s'), /negative/);
});

test('durations are written with two decimals and without parts that are zero', () => {
  const table: [number, string][] = [
    [0, '0s'],
    [0.5, '0.5ms'],
    [500, '500ms'],
    [999.999, '1s'],
    [2449.9, '2.45s'],
    [59_994, '59.99s'],
    [59_999, '1m'],
    [90_000, '1m30s'],
    [604_800_000, '168h'],
    [90_061_000, '25h1m1s'],
  ];
  for (const [ms, text] of table) assert.equal(formatDuration(ms), text);
});

test('a duration that was written is read as the same, to two decimals', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e10 }), (ms) => {
      const again = parseDuration(formatDuration(ms));
      assert.ok(Math.abs(again - ms) <= (ms < 1000 ? 0 : 5), `${ms} became ${again}`);
    }),
  );
});

test('sizes are read in bytes or units of 1024, and written back', () => {
  const table: [string, number][] = [
    ['10MB', 10_485_760],
    ['10485760', 10_485_760],
    ['10MiB', 10_485_760],
    ['10 mb', 10_485_760],
    ['64KB', 65_536],
    ['1.5k', 1536],
    ['1GB', 1_073_741_824],
    ['0', 0],
  ];
  for (const [text, bytes] of table) {
    assert.equal(parseSize(text), bytes, text);
    assert.equal(parseSize(formatSize(bytes)), bytes);
  }
  for (const text of ['', 'MB', '-1', '1TB', '1.3B', 'ten']) {
    assert.throws(() => parseSize(text), /expected/, text);
  }
});
