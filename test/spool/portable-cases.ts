/** What can only happen where there is no renameat2(2): run by without-renameat2.test.ts. */
import assert from 'node:assert/strict';
import { existsSync, linkSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { libc } from '../../src/platform/libc.ts';
import { file } from '../../src/spool/finish.ts';
import { makeSpool, put } from './support.ts';

const NAME = 'intent-a.json';
const filing = { name: NAME, to: `processed/${NAME}`, status: 'status' };

test('this process has no way to the C library', () => {
  assert.equal(libc, null);
});

if (process.env.CONDUCTOR_TEST_NO_LINKS) {
  test('a place that a crash left reserved is used', (t) => {
    const layout = makeSpool(t);
    put(layout.inflight, NAME, 'intent');
    const place = put(layout.processed, NAME, '');
    assert.equal(file(layout, filing), 'filed');
    assert.equal(readFileSync(place, 'utf8'), 'intent');
    assert.ok(!existsSync(join(layout.inflight, NAME)));
  });
} else {
  test('a move that a crash left half done, with both names, is completed', (t) => {
    const layout = makeSpool(t);
    const claimed = put(layout.inflight, NAME, 'intent');
    linkSync(claimed, join(layout.processed, NAME));
    assert.equal(file(layout, filing), 'filed');
    assert.deepEqual(readdirSync(layout.inflight), []);
    assert.equal(readFileSync(join(layout.processed, NAME), 'utf8'), 'intent');
  });
}
