import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NONE, NumberFinder } from '../../src/intent/number-finder.ts';

/** All in one table, and so few places that many lie far behind where they belong. */
const hash = fc.integer({ min: 0, max: 3 });
const step = fc.record({ hash, adds: fc.nat(4), at: fc.nat() });

/** All numbers that may have a hash. */
function found(finder: NumberFinder, one: number): Set<number> {
  const numbers = new Set<number>();
  for (let number = finder.first(one); number !== NONE; number = finder.next()) numbers.add(number);
  return numbers;
}

test('numbers are found by their hash, however far they lie from where they belong', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const hashes: number[] = [];
      const finder = new NumberFinder((number) => hashes[number] ?? 0);
      for (const one of steps) {
        if (one.adds > 0 || hashes.length === 0) {
          hashes.push(one.hash);
          finder.add(one.hash, hashes.length - 1);
        } else {
          const number = one.at % hashes.length;
          const last = hashes.length - 1;
          finder.delete(hashes[number] ?? 0, number);
          if (number !== last) finder.renumber(hashes[last] ?? 0, last, number);
          hashes[number] = hashes[last] ?? 0;
          hashes.pop();
        }
      }
      for (const [number, one] of hashes.entries()) assert.ok(found(finder, one).has(number));
      while (hashes.length > 0) finder.delete(hashes.pop() ?? 0, hashes.length);
      assert.equal(finder.bytes, new NumberFinder(() => 0).bytes);
    }),
  );
});
