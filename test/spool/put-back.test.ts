import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { identityIfThere, sameIdentity } from '../../src/spool/claim.ts';
import { destination } from '../../src/spool/finish.ts';
import { errorLogName, laterName } from '../../src/spool/layout.ts';
import { putBack } from '../../src/spool/put-back.ts';
import { makeSpool, put } from './support.ts';

const name = 'intent-a.json';

test('a failed file goes back under its own name, and its log goes', (t) => {
  const layout = makeSpool(t);
  const file = laterName(name, new Date(), 1);
  put(layout.failed, file, 'text');
  put(layout.failed, errorLogName(file));
  assert.equal(putBack(layout, file, name), 'back');
  assert.equal(readFileSync(join(layout.handoff, name), 'utf8'), 'text');
  assert.deepEqual(readdirSync(layout.failed), []);
  assert.equal(destination(layout, 'failed', name), `failed/${name}`);
});

test('it keeps its place in the order, and is not the file on record any more', (t) => {
  const layout = makeSpool(t);
  const path = put(layout.failed, name);
  const time = new Date('2026-01-02T03:04:05.006Z');
  utimesSync(path, time, time);
  const recorded = identityIfThere(path);
  assert.equal(putBack(layout, name, name), 'back');
  const dropped = join(layout.handoff, name);
  assert.ok(!sameIdentity(recorded, identityIfThere(dropped)));
  assert.ok(Math.abs(lstatSync(dropped).mtimeMs - time.getTime() - 1) < 0.5);
});

test('a file that waits is not replaced, nor touched, and the failed one keeps its log', (t) => {
  const layout = makeSpool(t);
  const path = put(layout.failed, name, 'old');
  put(layout.failed, errorLogName(name));
  put(layout.handoff, name, 'new');
  const before = identityIfThere(path);
  assert.equal(putBack(layout, name, name), 'waits');
  assert.equal(readFileSync(join(layout.handoff, name), 'utf8'), 'new');
  assert.ok(sameIdentity(before, identityIfThere(path)));
  assert.ok(existsSync(join(layout.failed, errorLogName(name))));
});

test('one that is gone is no error, and a link goes back as a link', (t) => {
  const layout = makeSpool(t);
  assert.equal(putBack(layout, name, name), 'gone');
  symlinkSync('/nowhere', join(layout.failed, name));
  assert.equal(putBack(layout, name, name), 'back');
  assert.ok(lstatSync(join(layout.handoff, name)).isSymbolicLink());
});
