import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { FreedMemory, shareMemory } from '../../src/platform/freed-memory.ts';
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

/** Places to allocate from that the C library has mapped for threads, and few others: it aligns them to their size. */
function arenas(): number {
  const size = 64 * 1024 * 1024;
  const begins = readFileSync('/proc/self/maps', 'latin1').matchAll(
    /^([0-9a-f]+)-[0-9a-f]+ rw-p/gm,
  );
  return [...begins].filter(([, begin = '']) => Number.parseInt(begin, 16) % size === 0).length;
}

test('threads get no memory of their own', { skip: !libc && 'no node:ffi here' }, async () => {
  shareMemory();
  const before = arenas();
  const threads = Array.from(
    { length: 8 },
    () => new Worker('setInterval(() => {}, 1000)', { eval: true }),
  );
  try {
    await Promise.all(threads.map((thread) => once(thread, 'online')));
    const more = arenas() - before;
    assert.ok(more < 4, `${more} for ${threads.length} threads`);
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
});
