import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
);
const step = fc.record({ name, add: fc.boolean() });

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

function add(table: NameTable, model: Map<string, number>, added: string): void {
  const number = table.add(added);
  const known = model.get(added);
  if (known !== undefined) assert.equal(number, known);
  else assert.ok(![...model.values()].includes(number), 'a number is given twice');
  model.set(added, number);
}

test('any sequence of steps gives what a plain map gives, and numbers stay dense', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const table = new NameTable();
      const model = new Map<string, number>();
      let most = 0;
      for (const one of steps) {
        const known = model.get(one.name);
        if (one.add) {
          add(table, model, one.name);
        } else if (known !== undefined) {
          table.delete(known);
          model.delete(one.name);
        }
        most = Math.max(most, model.size);
        assert.equal(table.size, model.size);
        assert.equal(table.find(one.name), model.get(one.name) ?? -1);
      }
      assert.ok(table.end <= most);
      for (const [known, number] of model) {
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
      examples: [
        ['\ue000', '\u{10000}'],
        ['\u{10000}', '\ue000'],
      ],
    },
  );
});

test('what hundreds of thousands have taken is used again', () => {
  const table = new NameTable();
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  for (let index = 0; index < 500_000; index++) {
    table.add(`intent-${index}.json`);
    if (index >= 1000) table.delete(table.find(`intent-${index - 1000}.json`));
  }
  assert.equal(table.size, 1000);
  assert.ok(table.end <= 1001, `${table.end} numbers`);
  assert.equal(table.name(table.find('intent-499000.json')), 'intent-499000.json');
  collectGarbage();
  const bytes = process.memoryUsage().arrayBuffers - before;
  assert.ok(bytes < 2e6, `${bytes} bytes`);
});

test('a name longer than a chunk is kept whole', () => {
  const table = new NameTable();
  const long = 'ü'.repeat(300_000);
  for (const one of ['before', long, 'after']) table.add(one);
  for (const one of ['before', long, 'after']) assert.equal(table.name(table.find(one)), one);
});
