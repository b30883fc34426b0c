import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextBuffer } from '../../src/state/text-buffer.ts';

test('it gives what was added since the last time, however long', () => {
  const text = fc.tuple(fc.string({ unit: 'grapheme' }), fc.constantFrom(1, 1000, 100_000));
  fc.assert(
    fc.property(fc.array(fc.array(text)), (chunks) => {
      const buffer = new TextBuffer();
      for (const chunk of chunks) {
        const texts = chunk.map(([one, times]) => one.repeat(times));
        for (const one of texts) buffer.add(one);
        assert.equal(buffer.take().toString(), texts.join(''));
      }
      assert.equal(buffer.take().length, 0);
    }),
    { numRuns: 30 },
  );
});
