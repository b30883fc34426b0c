import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NameHeap } from '../../src/spool/name-heap.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('set' as const), name, time: fc.integer({ max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pop' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('peek' as const) }) },
);

/** The first of a plain map, by time and then by name. */
function firstOf(model: ReadonlyMap<string, number>): { name: string; time: number } | undefined {
  const [first] = [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  return first && { name: first[0], time: first[1] };
}

/** Takes all out that is in. */
function* rest(heap: NameHeap) {
  for (let first = heap.pop(); first; first = heap.pop()) yield first;
}

test('any sequence of steps gives what a plain map gives', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200, size: 'max' }), (steps) => {
      const heap = new NameHeap();
      const model = new Map<string, number>();
      for (const step of steps) {
        if (step.do === 'set') {
          heap.set(step.name, step.time);
          model.set(step.name, step.time);
        } else if (step.do === 'delete') {
          assert.equal(heap.delete(step.name), model.delete(step.name));
        } else {
          const first = firstOf(model);
          assert.deepEqual(step.do === 'pop' ? heap.pop() : heap.peek(), first);
          if (first && step.do === 'pop') model.delete(first.name);
        }
        assert.equal(heap.size, model.size);
        for (const known of ['a', 'f']) assert.equal(heap.has(known), model.has(known));
      }
      for (const { name } of rest(heap)) assert.ok(model.delete(name));
      assert.equal(model.size, 0);
      assert.equal(heap.size, 0);
      assert.equal(heap.pop(), undefined);
    }),
  );
});

test('names that move again and again stay in order and leave nothing behind', () => {
  const heap = new NameHeap();
  for (let round = 0; round < 50; round++) {
    for (let index = 0; index < 100; index++) heap.set(`name-${index}`, (index * 7 + round) % 101);
  }
  assert.equal(heap.size, 100);
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (let first = heap.pop(); first; first = heap.pop(), count++) {
    assert.ok(first.time >= last);
    last = first.time;
  }
  assert.equal(count, 100);
});

test('what is held back is not seen until it is released', () => {
  const heap = new NameHeap();
  heap.set('in', 3);
  for (const name of ['in', 'held', 'unwanted', 'dropped']) heap.hold(name, 1);
  assert.equal(heap.delete('held'), false);
  heap.set('dropped', 2);
  assert.deepEqual([heap.size, heap.has('held'), heap.timeOf('held')], [2, false, undefined]);
  assert.deepEqual(heap.peek(), { name: 'dropped', time: 2 });
  const asked: string[] = [];
  heap.release((name, time) => asked.push(`${name} ${time}`) > 0 && name === 'held');
  assert.deepEqual(asked.sort(), ['held 1', 'unwanted 1']);
  heap.release(() => assert.fail('nothing is held any more'));
  const order = [heap.pop(), heap.pop(), heap.pop(), heap.pop()];
  assert.deepEqual(
    order.map((first) => first?.name),
    ['held', 'dropped', 'in', undefined],
  );
});

test('what is forgotten of the held leaves the others as they were', () => {
  const heap = new NameHeap();
  const indexes = Array.from({ length: 3000 }, (_, index) => index);
  for (const index of indexes) {
    if (index % 3 === 0) heap.set(`${index}`, index);
    else heap.hold(`${index}`, index);
  }
  heap.release((name) => Number(name) % 3 === 1);
  const wanted = indexes.filter((index) => index % 3 < 2);
  assert.deepEqual(
    [...rest(heap)].map(({ name, time }) => [name, time]),
    wanted.map((index) => [`${index}`, index]),
  );
});

test('what waits is given back by and by as it is worked off', () => {
  const heap = new NameHeap();
  const timeOf = (index: number) => (Math.imul(index, 2654435761) >>> 0) % 1000;
  for (let index = 0; index < 100_000; index++) heap.set(`intent-${index}.json`, timeOf(index));
  const full = heap.bytesHeld;
  assert.ok(full / heap.size < 60, `${full} bytes`);
  let last = { name: '', time: -1 };
  for (const size of [50_000, 25_000, 1000, 0]) {
    while (heap.size > size) {
      const first = heap.pop() ?? assert.fail('nothing is left');
      const isLater =
        first.time > last.time || (first.time === last.time && first.name > last.name);
      assert.ok(isLater, first.name);
      last = first;
    }
    const most = 2 * full * (size / 100_000) + 300_000;
    assert.ok(heap.bytesHeld < most, `${heap.bytesHeld} bytes for ${size}`);
  }
});

test('what lies in bytes is found as its text is, and what is held back is not', () => {
  const heap = new NameHeap();
  const bytes = Buffer.from('..intent-a.json.intent-ü.json.other.');
  const lies = (name: string) => {
    const from = bytes.indexOf(name);
    return heap.hasBytes(bytes, from, from + Buffer.byteLength(name));
  };
  assert.equal(lies('intent-a.json'), false);
  for (const name of ['intent-a.json', 'intent-ü.json', 'other']) heap.set(name, 1);
  assert.deepEqual(['intent-a.json', 'intent-ü.json', 'other', 'intent-a'].map(lies), [
    true,
    true,
    true,
    false,
  ]);
  heap.delete('other');
  heap.hold('other', 2);
  assert.equal(lies('other'), false);
});
