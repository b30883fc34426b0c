import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKept, keptHash } from '../../src/state/kept-hash.ts';
import { sha } from './support.ts';

test('a whole hash is recognised by the half that is kept, and no other is', () => {
  const kept = keptHash(sha('a'));
  assert.equal(kept, sha('a').slice(0, 32));
  assert.equal(keptHash(kept), kept);
  assert.equal(isKept(kept, sha('a')), true);
  assert.equal(isKept(kept, sha('b')), false);
  assert.equal(isKept(kept.slice(0, -1), sha('a')), false);
});

test('content that was never read is none that is known', () => {
  assert.equal(keptHash(''), '');
  assert.equal(isKept('', sha('a')), false);
  assert.equal(isKept('', ''), false);
});
