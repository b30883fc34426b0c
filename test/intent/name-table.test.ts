import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameTable } from '../../src/intent/name-table.ts';

/** Few enough to meet again, and of every kind: empty, longer than others, beyond ASCII and U+FFFF. */
const name = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'b',
    'ab',
    'ü',
    '\ufffd',
    '\ue000',
    '\u{10000}',
    '\u{1f600}b',
    'x'.repeat(2000),
    'intent-.json',
    'intent.json',
    'intent-json',
    'intent-\0.json',
    'intent-ü.json',
    'intent-1-.json',
    'intent-1.json.json',
    'intent-1/.json',
  ),
  fc.integer({ min: 0, max: 400 }).map((index) => `intent-${index}.json`),
  // Those that are packed, three letters in two bytes, and some that for one letter are not.
  fc
    .string({ unit: fc.constantFrom(...'-._09ajz', 'A', 'ü', '\u0001'), maxLength: 7 })
    .map((middle) => `intent-${middle}.json`),
);
const step = fc.record({ name, add: fc.boolean() });

const intentName = (index: number) => `intent-${index}.json`;

/** Deletes a number, and moves in the model what moves. */
function remove(table: NameTable, model: Map<string, number>, name: string, number: number): void {
  const last = table.delete(number);
  model.delete(name);
  for (const [known, other] of model) if (other === last) model.set(known, number);
}

test('any sequence of steps gives what a plain map gives, and numbers have no gap', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const table = new NameTable();
      const model = new Map<string, number>();
      for (const one of steps) {
        const known = model.get(one.name);
        if (one.add) {
          assert.equal(table.add(one.name), known ?? model.size);
          model.set(one.name, known ?? model.size);
        } else if (known !== undefined) {
          remove(table, model, one.name, known);
        }
        assert.equal(table.size, model.size);
        assert.equal(table.find(one.name), model.get(one.name) ?? -1);
      }
      for (const [known, number] of model) {
        assert.ok(number < table.size);
        assert.equal(table.find(known), number);
        assert.equal(table.name(number), known);
      }
    }),
  );
});

test('a name is the same, given as text and as bytes', () => {
  fc.assert(
    fc.property(name, (one) => {
      const table = new NameTable();
      const bytes = Buffer.from(`<${one}>`);
      const number = table.addBytes(bytes, 1, bytes.length - 1);
      assert.equal(table.find(one), number);
      assert.equal(table.name(number), one);
    }),
  );
});

test('names come in the order in which strings do', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      const table = new NameTable();
      const compared = Math.sign(table.compare(table.add(a), table.add(b)));
      assert.equal(compared, a === b ? 0 : a < b ? -1 : 1);
    }),
    {
      numRuns: 2000,
      examples: [
        ['\ue000', '\u{10000}'],
        ['\u{10000}', '\ue000'],
      ],
    },
  );
});

/** A number that looks like chance, below `end`. */
function scattered(seed: number, end: number): number {
  return (Math.imul(seed, 2654435761) >>> 0) % end;
}

test('what hundreds of thousands have taken is used again', () => {
  const table = new NameTable();
  let most = 0;
  for (let index = 0; index < 300_000; index++) {
    table.add(intentName(index));
    if (index >= 1000) table.delete(table.find(intentName(index - 1000)));
    most = Math.max(most, table.bytesHeld);
  }
  assert.equal(table.size, 1000);
  assert.equal(table.name(table.find('intent-299000.json')), 'intent-299000.json');
  assert.ok(most < 300_000, `${most} bytes`);
});

for (const [order, next] of [
  ['the first first', () => 0],
  ['the last first', (size: number) => size - 1],
  ['in any order', (size: number) => scattered(size, size)],
] as const) {
  test(`what names have taken is given back by and by when they go, ${order}`, () => {
    const table = new NameTable();
    const left = new Set<string>();
    for (let index = 0; index < 100_000; index++) {
      table.add(intentName(index));
      left.add(intentName(index));
    }
    const full = table.bytesHeld;
    assert.ok(full / table.size < 40, `${full} bytes`);
    for (const size of [50_000, 25_000, 12_500, 1000]) {
      while (table.size > size) {
        const number = next(table.size);
        left.delete(table.name(number));
        table.delete(number);
      }
      // Twice what the names need, and some that does not depend on how many they are.
      const most = 2 * full * (size / 100_000) + 300_000;
      assert.ok(table.bytesHeld < most, `${table.bytesHeld} bytes for ${size}`);
    }
    assert.deepEqual(
      new Set(Array.from({ length: table.size }, (_, number) => table.name(number))),
      left,
    );
    for (const name of left) assert.equal(table.name(table.find(name)), name);
    while (table.size > 0) table.delete(table.size - 1);
    assert.ok(table.bytesHeld < 100_000, `${table.bytesHeld} bytes`);
    assert.equal(table.name(table.add('intent-new.json')), 'intent-new.json');
  });
}

test('whatever a name is made of, its bytes find what its text has put in', () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      const table = new NameTable();
      const bytes = Buffer.from(`<${one}>`);
      assert.equal(table.add(one), 0);
      assert.equal(table.findBytes(bytes, 1, bytes.length - 1), 0);
      assert.equal(
        table.name(table.addBytes(Buffer.from(other), 0, Buffer.byteLength(other))),
        other,
      );
      assert.equal(table.name(0), one);
    }),
    { numRuns: 2000 },
  );
});

test('a name of small letters and digits takes two thirds of its bytes', () => {
  const table = new NameTable();
  const heldFor = (nameOf: (index: number) => string) => {
    const before = table.bytesHeld;
    for (let index = 0; index < 65_536; index++) table.add(nameOf(index));
    return (table.bytesHeld - before) / 65_536;
  };
  const rest = 'e29b-41d4-a716-446655440000';
  const uuid = (index: number) => `${String(index).padStart(8, '0')}-${rest}`;
  const packed = heldFor((index) => `intent-${uuid(index)}.json`);
  const asItIs = heldFor((index) => `intent-${uuid(index).toUpperCase()}.json`);
  assert.ok(asItIs - packed > 11, `${packed} and ${asItIs} bytes`);
});

test('a name longer than a chunk is kept whole', () => {
  const table = new NameTable();
  const long = 'ü'.repeat(300_000);
  const names = ['before', long, 'after', `${long}!`];
  for (const one of names) table.add(one);
  for (const one of names) assert.equal(table.name(table.find(one)), one);
  for (const one of names) table.delete(table.find(one));
  assert.ok(table.bytesHeld < 100_000, `${table.bytesHeld} bytes`);
});

test('names of every length are told from others that differ in one byte', () => {
  const table = new NameTable();
  const names = Array.from({ length: 600 }, (_, length) =>
    ['a', 'b'].map((end) => 'x'.repeat(length) + end),
  );
  for (const one of names.flat()) table.add(one);
  assert.equal(table.size, 1200);
  for (const one of names.flat()) assert.equal(table.name(table.find(one)), one);
  for (const [a = '', b = ''] of names) assert.ok(table.compare(table.find(a), table.find(b)) < 0);
});

test('a name of whatever length comes back whole, by its text and by its bytes', () => {
  const table = new NameTable();
  const lengths = [254, 255, 256, 1023, 1024, 1025, 1026, 1027, 1028, 65_531, 65_536];
  for (const [index, length] of lengths.entries()) {
    const [byText, byBytes] = [`${'t'.repeat(length - 1)}!`, `${'b'.repeat(length - 1)}!`];
    assert.equal(table.add(byText), 2 * index);
    assert.equal(table.addBytes(Buffer.from(`-${byBytes}-`), 1, length + 1), 2 * index + 1);
    assert.equal(table.name(2 * index), byText);
    assert.equal(table.name(2 * index + 1), byBytes);
    assert.equal(table.find(byBytes), 2 * index + 1);
  }
});
