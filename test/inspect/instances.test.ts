import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readInstances } from '../../src/inspect/instances.ts';
import { Lease } from '../../src/spool/lease.ts';
import { ended, far, putLease } from '../spool/lease-support.ts';
import { makeSpool, put } from '../spool/support.ts';

const TTL = 15_000;

test('who lives, who is dead, and who is silent, each with what it has claimed', (t) => {
  const layout = makeSpool(t, 'a');
  const lease = Lease.acquire(layout.inflightRoot, 'a', 'life');
  t.after(() => lease.release());
  put(layout.inflight, 'intent-1.json');
  putLease(layout, 'b', ended);
  putLease(layout, 'c', far);
  putLease(layout, 'd', far);
  const long = new Date(Date.now() - 2 * TTL);
  utimesSync(join(layout.inflightRoot, 'd.lease'), long, long);
  const dead = putLease(layout, 'e', { life: 'gone' });
  renameSync(dead, join(layout.inflightRoot, 'e.gone.dead.life'));
  mkdirSync(join(layout.inflightRoot, 'f'));
  mkdirSync(join(layout.inflightRoot, 'g'));
  put(join(layout.inflightRoot, 'g'), 'intent-2.json');
  const before = readdirSync(layout.inflightRoot);
  const found = readInstances(layout, TTL, Date.now());
  const short = found.map(({ name, state, claimed }) =>
    `${name} ${state} ${claimed.join()}`.trim(),
  );
  assert.deepEqual(short, [
    'a alive intent-1.json',
    'b dead',
    'c alive',
    'd silent',
    'e dead',
    'g stopped intent-2.json',
  ]);
  assert.equal(found[0]?.pid, process.pid);
  assert.ok(Math.abs(Date.parse(found[0]?.since ?? '') - Date.now()) < 60_000);
  assert.equal(found[1]?.since, null);
  assert.deepEqual(readdirSync(layout.inflightRoot), before);
});

test('where nobody ever ran there is nobody', (t) => {
  const layout = makeSpool(t);
  rmSync(layout.inflightRoot, { recursive: true });
  assert.deepEqual(readInstances(layout, TTL, Date.now()), []);
});
