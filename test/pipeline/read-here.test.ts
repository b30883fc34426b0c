import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ReadHere } from '../../src/pipeline/read-here.ts';
import { put, tempDir } from '../spool/support.ts';
import { intentFor } from '../tools/porch.ts';

const limits = { maxFileSize: 1024 * 1024, maxReplicas: 100, systemNamespaces: [] };

test('nothing is read here before that was prepared', async (t) => {
  const path = put(tempDir(t), 'intent-a.json', intentFor(''));
  const readHere = new ReadHere(limits, () => true);
  assert.equal(readHere.check([path]), null);
  await readHere.prepare();
  assert.equal(readHere.check([path])?.length, 1);
});

test('few small files are read here as they are now, many or large ones are not', async (t) => {
  const handoff = tempDir(t);
  const good = put(handoff, 'intent-a.json', intentFor('', { target: 'a' }));
  const bad = put(handoff, 'intent-b.json', intentFor('', { replicas: -1 }));
  const large = put(handoff, 'intent-c.json', ' '.repeat(20_000) + intentFor(''));
  const readHere = new ReadHere(limits, () => true);
  await readHere.prepare();
  assert.deepEqual(kinds(readHere.check([good, bad])), ['accepted', 'refused']);
  assert.deepEqual(kinds(readHere.check([join(handoff, 'none')])), ['gone']);
  assert.equal(readHere.check([good, bad, good]), null);
  assert.equal(readHere.check([large]), null);
});

test('before the reader has started the first ones are read here, be they many', async (t) => {
  const handoff = tempDir(t);
  const put20 = (batch: number) =>
    Array.from({ length: 20 }, (_, n) => put(handoff, `intent-${batch}-${n}.json`, intentFor('')));
  let isReady = false;
  const readHere = new ReadHere(limits, () => isReady);
  await readHere.prepare();
  assert.equal(readHere.check(put20(0))?.length, 20);
  isReady = true;
  assert.equal(readHere.check(put20(1)), null);
  isReady = false;
  assert.equal(readHere.check([...put20(2), put(handoff, 'large', ' '.repeat(20_000))]), null);
  const counts = [3, 4, 5, 6].map((batch) => readHere.check(put20(batch))?.length);
  assert.deepEqual(counts, [20, 20, undefined, undefined], 'whoever waits for it hears of it');
  assert.equal(readHere.check(put20(7).slice(0, 2))?.length, 2);
});

function kinds(results: ReturnType<ReadHere['check']>): string[] | undefined {
  return results?.map(({ kind }) => kind);
}
