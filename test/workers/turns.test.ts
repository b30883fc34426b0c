import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../src/workers/turns.ts';

test('steps are done in their order, and others have a turn after each', async () => {
  const turns = new Turns();
  const done: string[] = [];
  const other = () => {
    done.push('other');
    if (done.length < 6) setImmediate(other);
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const name of ['a', 'b', 'c']) turns.add(() => done.push(name));
  turns.add(resolve);
  setImmediate(other);
  await promise;
  assert.deepEqual(done, ['a', 'other', 'b', 'other', 'c', 'other']);
});
