import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  claim,
  exists,
  giveBack,
  identityIfThere,
  sameIdentity,
  takeOverClaims,
} from '../../src/spool/claim.ts';
import { makeSpool, put } from './support.ts';

const NAME = 'intent-a.json';

test('a claim moves the file and keeps its identity', (t) => {
  const layout = makeSpool(t);
  const path = put(layout.handoff, NAME, 'mine');
  const before = identityIfThere(path);
  const found = claim(layout, path, NAME);
  assert.equal(found.kind, 'claimed');
  assert.ok(found.kind === 'claimed' && sameIdentity(found.identity, before));
  assert.ok(!existsSync(path));
  assert.equal(readFileSync(join(layout.inflight, NAME), 'utf8'), 'mine');
});

test('a claim never replaces what is claimed already', (t) => {
  const layout = makeSpool(t);
  put(layout.inflight, NAME, 'first');
  const path = put(layout.handoff, NAME, 'second');
  assert.deepEqual(claim(layout, path, NAME), { kind: 'busy' });
  assert.equal(readFileSync(join(layout.inflight, NAME), 'utf8'), 'first');
  assert.equal(readFileSync(path, 'utf8'), 'second');
});

test('a directory is left where it is', (t) => {
  const layout = makeSpool(t);
  const path = join(layout.handoff, NAME);
  mkdirSync(path);
  put(path, 'within', 'kept');
  assert.deepEqual(claim(layout, path, NAME), { kind: 'gone' });
  assert.equal(readFileSync(join(path, 'within'), 'utf8'), 'kept');
  assert.deepEqual(readdirSync(layout.inflight), []);
});

test('a file that is gone is nobody’s fault; an inflight that is gone is the disk’s', (t) => {
  const layout = makeSpool(t);
  const path = join(layout.handoff, NAME);
  assert.deepEqual(claim(layout, path, NAME), { kind: 'gone' });
  put(layout.handoff, NAME);
  rmSync(layout.inflight, { recursive: true });
  assert.throws(() => claim(layout, path, NAME), { code: 'ENOENT' });
  assert.ok(existsSync(path));
});

test('a name that is not UTF-8 is claimed under the name it is given', (t) => {
  const layout = makeSpool(t);
  const raw = Buffer.from(`${layout.handoff}/intent-\xff.json`, 'latin1');
  writeFileSync(raw, 'odd');
  assert.equal(claim(layout, raw, 'intent-refused-0.json').kind, 'claimed');
  assert.equal(readFileSync(join(layout.inflight, 'intent-refused-0.json'), 'utf8'), 'odd');
  assert.ok(!exists(raw));
});

test('what is given back goes where it came from, unless a newer one stands there', (t) => {
  const layout = makeSpool(t);
  put(layout.inflight, NAME, 'old');
  assert.equal(giveBack(layout, NAME), 'moved');
  assert.equal(readFileSync(join(layout.handoff, NAME), 'utf8'), 'old');
  put(layout.inflight, NAME, 'older');
  assert.equal(giveBack(layout, NAME), 'exists');
  assert.equal(readFileSync(join(layout.handoff, NAME), 'utf8'), 'old');
  assert.equal(readFileSync(join(layout.inflight, NAME), 'utf8'), 'older');
});

test('what dead instances had claimed is taken over, and nothing replaces anything', (t) => {
  const layout = makeSpool(t);
  const [dead, other] = ['dead', 'other'].map((name) => join(layout.inflightRoot, name));
  assert.ok(dead && other);
  for (const directory of [dead, other]) mkdirSync(directory);
  put(layout.inflight, 'intent-a.json', 'ours');
  put(dead, 'intent-a.json', 'theirs');
  put(dead, 'intent-b.json', 'theirs');
  put(other, 'intent-c.json', 'theirs');
  assert.deepEqual(takeOverClaims(layout, 'dead'), ['intent-b.json']);
  assert.deepEqual(takeOverClaims(layout, 'other'), ['intent-c.json']);
  assert.deepEqual(takeOverClaims(layout, 'nobody'), []);
  assert.deepEqual(takeOverClaims(layout, 'here'), []);
  assert.equal(readFileSync(join(layout.inflight, 'intent-a.json'), 'utf8'), 'ours');
  assert.deepEqual(readdirSync(dead), ['intent-a.json']);
  assert.ok(!existsSync(other), 'an empty directory of a dead instance is of no use');
});

test('an identity tells files of one name apart', (t) => {
  const layout = makeSpool(t);
  const path = put(layout.handoff, NAME, 'one');
  const first = identityIfThere(path);
  rmSync(path);
  assert.equal(identityIfThere(path), null);
  put(layout.handoff, NAME, 'other');
  assert.ok(!sameIdentity(first, identityIfThere(path)));
  assert.ok(!sameIdentity(first, null));
  assert.ok(sameIdentity(null, null));
});
