import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ReadHere } from '../../src/pipeline/read-here.ts';
import { put, tempDir } from '../spool/support.ts';
import { intentFor } from '../tools/porch.ts';

const limits = { maxFileSize: 1024 * 1024, maxReplicas: 100, systemNamespaces: [] };

test('nothing is read here before that was prepared', async (t) => {
  const path = put(tempDir(t), 'intent-a.json', intentFor(''));
  const readHere = new ReadHere(limits);
  assert.equal(readHere.check([path]), null);
  await readHere.prepare();
  assert.equal(readHere.check([path])?.length, 1);
});

test('few small files are read here as they are now, many or large ones are not', async (t) => {
  const handoff = tempDir(t);
  const good = put(handoff, 'intent-a.json', intentFor('', { target: 'a' }));
  const bad = put(handoff, 'intent-b.json', intentFor('', { replicas: -1 }));
  const large = put(handoff, 'intent-c.json', ' '.repeat(20_000) + intentFor(''));
  const readHere = new ReadHere(limits);
  await readHere.prepare();
  assert.deepEqual(kinds(readHere.check([good, bad])), ['accepted', 'refused']);
  assert.deepEqual(kinds(readHere.check([join(handoff, 'none')])), ['gone']);
  assert.equal(readHere.check([good, bad, good]), null);
  assert.equal(readHere.check([large]), null);
});

function kinds(results: ReturnType<ReadHere['check']>): string[] | undefined {
  return results?.map(({ kind }) => kind);
}
