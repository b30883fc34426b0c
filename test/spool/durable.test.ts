import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { libc } from '../../src/platform/libc.ts';
import { syncFiled, syncSpool } from '../../src/spool/durable.ts';
import { makeSpool, put } from './support.ts';

test('what was filed is made durable, and what is gone is nobody’s trouble', async (t) => {
  const layout = makeSpool(t);
  put(layout.processed, 'intent-a.json');
  const filed = [
    { name: 'intent-a.json', to: 'processed/intent-a.json' },
    { name: 'intent-b.json', to: 'failed/intent-b.json' },
  ];
  await syncFiled(layout, filed);
  await syncSpool(layout);
});

test('a spool on one file system is synced by one call', {
  skip: !libc && 'no node:ffi here',
}, async (t) => {
  const layout = makeSpool(t);
  assert.ok(libc);
  const { mock } = t.mock.method(libc, 'beginSyncfs');
  await syncSpool(layout);
  assert.equal(mock.callCount(), 1);
});

test('a spool that is gone, or a part of it, is nobody’s trouble either', async (t) => {
  const layout = makeSpool(t);
  rmSync(layout.status, { recursive: true });
  await syncSpool(layout);
  rmSync(layout.handoff, { recursive: true });
  await syncSpool(layout);
});

test('what cannot be looked at is an error', async (t) => {
  const layout = makeSpool(t);
  const status = join(put(layout.handoff, 'a'), 'status');
  await assert.rejects(syncSpool({ ...layout, status }), { code: 'ENOTDIR' });
});
