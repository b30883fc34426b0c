import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givesWay, RunQueue } from '../../src/workers/run-queue.ts';

const run = (name: string, priority: number, alone = false) => ({
  name,
  priority,
  alone,
  overtaken: 0,
});

function makeQueue(...runs: ReturnType<typeof run>[]) {
  const queue = new RunQueue<ReturnType<typeof run>>();
  for (const one of runs) queue.add(one);
  return queue;
}

const names = (runs: { name: string }[]) => runs.map(({ name }) => name).join(' ');

test('the more urgent come first, and those of one priority as they came', () => {
  const queue = makeQueue(run('a', 5), run('b', 9), run('c', 5), run('d', 0), run('e', 9));
  assert.equal(names(queue.takeBatch(3, false)), 'b e a');
  assert.equal(queue.size, 2);
  assert.equal(names(queue.takeAll()), 'c d');
  assert.equal(queue.size, 0);
});

test('what is given back keeps its place before the others of its priority', () => {
  const queue = makeQueue(run('a', 5), run('b', 5), run('c', 5));
  const given = queue.takeBatch(2, true);
  queue.add(run('urgent', 6));
  queue.putBack(given);
  assert.equal(names(queue.takeAll()), 'urgent a b c');
});

test('what has to be alone waits for an idle thread, and nothing is put beside it', () => {
  const queue = makeQueue(run('a', 5), run('alone', 5, true), run('b', 5));
  assert.equal(names(queue.takeBatch(8, true)), 'a');
  assert.equal(names(queue.takeBatch(8, false)), '');
  assert.equal(names(queue.takeBatch(8, true)), 'alone');
  assert.equal(names(queue.takeBatch(8, false)), 'b');
});

test('what is less urgent has its turn, however much that is more urgent keeps coming', () => {
  const queue = makeQueue(run('slow', 2), run('next', 2));
  const taken: string[] = [];
  while (!taken.includes('next') && taken.length < 1000) {
    queue.add(run('urgent', 10));
    taken.push(names(queue.takeBatch(1, true)));
  }
  assert.deepEqual([taken.indexOf('slow'), taken.indexOf('next')], [64, 65]);
});

test('what is given back again and again for more urgent ones is kept in the end', () => {
  const queue = makeQueue(run('slow', 2));
  let given = queue.takeBatch(1, true);
  for (let times = 0; times < 64; times++) {
    assert.ok(given.every((one) => givesWay(one, 10)));
    queue.add(run('urgent', 10));
    queue.putBack(given);
    assert.equal(names(queue.takeBatch(1, true)), 'urgent');
    given = queue.takeBatch(1, true);
    assert.equal(names(given), 'slow');
  }
  assert.ok(!given.some((one) => givesWay(one, 10)));
  queue.add(run('urgent', 10));
  queue.putBack(given);
  assert.equal(names(queue.takeAll()), 'slow urgent');
});
