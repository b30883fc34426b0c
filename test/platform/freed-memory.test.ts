import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreedMemory } from '../../src/platform/freed-memory.ts';
import { libc } from '../../src/platform/libc.ts';

test('freed memory is asked for after each thousand intents, and not before', () => {
  let trims = 0;
  const freed = new FreedMemory(
    () => trims++,
    () => {},
  );
  const seen = [0, 999, 1000, 1001, 1999, 2000, 9000, 9500].map((done) => {
    freed.look(done);
    return trims;
  });
  assert.deepEqual(seen, [0, 0, 1, 1, 1, 2, 3, 3]);
});

test('V8 favours memory while many intents pass through, and not when few do', () => {
  const told: boolean[] = [];
  const freed = new FreedMemory(
    () => {},
    (wanted) => told.push(wanted),
  );
  const seen = [0, 99, 500, 1000, 1001, 1050, 2000].map((done) => {
    freed.look(done);
    return told.join();
  });
  const off = 'true,false';
  assert.deepEqual(seen, ['', '', 'true', 'true', off, off, `${off},true`]);
});

test('the C library has a way to give it back', { skip: !libc && 'no node:ffi here' }, () => {
  libc?.trim();
});
