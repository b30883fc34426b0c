import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lastBytes, OutputCollector } from '../../src/porch/output.ts';

const half = 32 * 1024;

function collect(bytes: Buffer, sizes: readonly number[]): string {
  const collector = new OutputCollector();
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    collector.push(bytes.subarray(at, at + size));
    at += size;
  }
  return collector.text();
}

function expected(bytes: Buffer): string {
  if (bytes.length <= 2 * half) return bytes.toString();
  const leftOut = bytes.length - 2 * half;
  return `${bytes.subarray(0, half)}\n… ${leftOut} bytes left out …\n${bytes.subarray(-half)}`;
}

test('head and tail are kept, in whatever pieces the stream comes', () => {
  const byte = (index: number) => 33 + ((index * 7 + Math.floor(index / 94)) % 94);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.integer({ min: 0, max: 5 * half }),
        fc.constantFrom(half, 2 * half, 2 * half + 1),
      ),
      fc.array(fc.integer({ min: 1, max: 3 * half }), { minLength: 1, maxLength: 5 }),
      (length, sizes) => {
        const bytes = Buffer.from(Uint8Array.from({ length }, (_, index) => byte(index)));
        assert.equal(collect(bytes, sizes), expected(bytes));
      },
    ),
    { numRuns: 60 },
  );
});

test('what stays in memory does not grow with the stream', () => {
  const collector = new OutputCollector();
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let turn = 0; turn < 100; turn++) collector.push(chunk);
  const before = process.memoryUsage().arrayBuffers;
  for (let turn = 0; turn < 20_000; turn++) collector.push(chunk);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
  assert.ok(collector.text().length < 2 * half + 50);
});

test('no character is cut in two where bytes are left out', () => {
  for (const character of ['é', '€', '𝄞']) {
    for (const shift of ['', 'a', 'ab', 'abc']) {
      const text = shift + character.repeat(40_000);
      const kept = collect(Buffer.from(text), [1000]);
      assert.ok(!kept.includes('\ufffd'), `${shift} ${character}`);
      const [head = '', count, tail = ''] = kept.split(/\n… (\d+) bytes left out …\n/);
      const sum = Buffer.byteLength(head) + Number(count) + Buffer.byteLength(tail);
      assert.equal(sum, Buffer.byteLength(text));
      assert.ok(text.startsWith(head) && text.endsWith(tail));
    }
  }
});

test('bytes that are not UTF-8 are replaced and control characters cleaned', () => {
  const text = collect(Buffer.from('a\x1b[31m\0b\nc\xff', 'latin1'), [3]);
  assert.ok(text.startsWith('a'));
  assert.ok(text.endsWith('b\nc\ufffd'));
  assert.ok(!/[\0\x1b]/.test(text));
  const binary = collect(Buffer.alloc(100_000, 0x80), [999]);
  assert.match(binary, /^\ufffd+\n… 34\d\d\d bytes left out …\n\ufffd+$/);
});

test('lastBytes gives the end, whole characters only', () => {
  assert.equal(lastBytes('', 10), '');
  assert.equal(lastBytes('0123456789', 10), '0123456789');
  assert.equal(lastBytes('0123456789', 4), '6789');
  assert.equal(lastBytes('€€€', 9), '€€€');
  assert.equal(lastBytes('€€€', 8), '€€');
  assert.equal(lastBytes('𝄞𝄞', 7), '𝄞');
  assert.equal(lastBytes('𝄞𝄞ab', 3), 'ab');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 30 }), (text, limit) => {
      const end = lastBytes(text, limit);
      assert.ok(text.endsWith(end));
      assert.ok(Buffer.byteLength(end) <= limit);
      assert.ok(end === text || Buffer.byteLength(end) > limit - 4);
    }),
  );
});
