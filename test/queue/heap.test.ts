import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Heap } from '../../src/queue/heap.ts';

test('whatever is pushed and popped in between, the first comes out first', () => {
  const commands = fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: null }), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(commands, (steps) => {
      const heap = new Heap<{ key: number }>((a, b) => a.key < b.key);
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) {
          model.sort((a, b) => a - b);
          assert.equal(heap.peek()?.key, model[0]);
          assert.equal(heap.pop()?.key, model.shift());
        } else {
          heap.push({ key: step });
          model.push(step);
        }
      }
      model.sort((a, b) => a - b);
      for (const key of model) assert.equal(heap.pop()?.key, key);
      assert.equal(heap.pop(), undefined);
      assert.equal(heap.peek(), undefined);
    }),
  );
});
