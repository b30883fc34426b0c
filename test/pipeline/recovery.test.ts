import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gather } from '../../src/pipeline/recovery.ts';
import { Hold } from '../../src/queue/hold.ts';
import { claimsOf } from '../../src/spool/claim.ts';
import { putLease } from '../spool/lease-support.ts';
import { member } from '../spool/members-support.ts';
import { makeSpool, put } from '../spool/support.ts';
import { openStore } from '../state/support.ts';

const CLAIM = 'intent-a.json';

/** One that leads, beside what two have left that have neither lease nor estate. */
async function left(t: TestContext) {
  const layout = makeSpool(t, 'a');
  const { members } = member(t, layout, 'a');
  members.look();
  for (const name of ['old', 'older']) {
    const directory = join(layout.inflightRoot, name);
    mkdirSync(directory);
    if (name === 'old') put(directory, CLAIM);
  }
  const { store } = await openStore(layout.handoff);
  const hold = new Hold({ held() {}, released() {} });
  return { store, hold, members, layout };
}

test('what has neither lease nor estate is taken over by whoever leads', async (t) => {
  const parts = await left(t);
  const claimed = new Set<string>();
  await gather(parts, claimed);
  assert.deepEqual([...claimed], [CLAIM]);
  assert.deepEqual(claimsOf(parts.layout, 'a'), [CLAIM]);
  await parts.store.close();
});

test('who comes while the dead are seen to keeps its journal and what it claims', async (t) => {
  const parts = await left(t);
  const { layout, store } = parts;
  const fenced: string[] = [];
  // Both names are taken while the first one's journal is ended.
  t.mock.method(store, 'fence', async (instance: string) => {
    fenced.push(instance);
    for (const name of ['old', 'older']) putLease(layout, name, { life: `${name}new` });
  });
  const claimed = new Set<string>();
  await gather(parts, claimed);
  assert.equal(fenced.length, 1);
  assert.equal(claimed.size, 0);
  assert.deepEqual(claimsOf(layout, 'old'), [CLAIM]);
  await store.close();
});
