import assert from 'node:assert/strict';
import { existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { destination, file } from '../../src/spool/finish.ts';
import type { Layout } from '../../src/spool/layout.ts';
import { makeSpool, put } from './support.ts';

const NAME = 'intent-a.json';
const LATER = /^failed\/intent-a\.json\.\d{8}T\d{9}Z\.json$/;

const read = (layout: Layout, path: string) => readFileSync(join(layout.handoff, path), 'utf8');

/** All files below handoff, with the text of each. */
function everything(layout: Layout): Record<string, string> {
  const names = readdirSync(layout.handoff, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(layout.handoff, name)).isFile());
  return Object.fromEntries(files.sort().map((name) => [name, read(layout, name)]));
}

test('the place of a name is its own as long as nothing stands there', (t) => {
  const layout = makeSpool(t);
  assert.equal(destination(layout, 'processed', NAME), `processed/${NAME}`);
  put(layout.failed, NAME);
  assert.equal(destination(layout, 'processed', NAME), `processed/${NAME}`);
  assert.match(destination(layout, 'failed', NAME), LATER);
});

test('an error log that stands alone takes the place in failed/, not in processed/', (t) => {
  const layout = makeSpool(t);
  put(layout.failed, `${NAME}.error.log`);
  put(layout.processed, `${NAME}.error.log`);
  assert.match(destination(layout, 'failed', NAME), LATER);
  assert.equal(destination(layout, 'processed', NAME), `processed/${NAME}`);
});

test('a place that is taken to the millisecond gets a number', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const layout = makeSpool(t);
  const places: string[] = [];
  for (let count = 0; count < 4; count++) {
    const to = destination(layout, 'processed', NAME);
    put(layout.handoff, to);
    places.push(to);
  }
  assert.deepEqual(places, [
    `processed/${NAME}`,
    `processed/${NAME}.19700101T001640000Z.json`,
    `processed/${NAME}.19700101T001640000Z-2.json`,
    `processed/${NAME}.19700101T001640000Z-3.json`,
  ]);
});

test('a failed intent is filed with its status and its error log, and nothing is left behind', (t) => {
  const layout = makeSpool(t);
  put(layout.inflight, NAME, 'intent');
  const filing = { name: NAME, to: `failed/${NAME}`, status: 'status', log: 'why' };
  assert.equal(file(layout, filing), 'filed');
  const expected = {
    [`failed/${NAME}`]: 'intent',
    [`failed/${NAME}.error.log`]: 'why',
    [`status/${NAME}.status`]: 'status',
  };
  assert.deepEqual(everything(layout), expected);
  // A crash may have come after any step: all are repeated, and nothing changes.
  assert.equal(file(layout, filing), 'filed');
  assert.deepEqual(everything(layout), expected);
});

test('filing goes on wherever a crash has left it', (t) => {
  const filing = { name: NAME, to: `failed/${NAME}`, status: 'status', log: 'why' };
  const steps = [
    (layout: Layout) => put(layout.status, `${NAME}.status`, 'status'),
    (layout: Layout) => put(layout.status, layout.temporary, 'sta'),
    (layout: Layout) => put(layout.failed, `${NAME}.error.log`, 'why'),
    (layout: Layout) => put(layout.failed, layout.temporary, 'w'),
  ];
  for (const step of steps) {
    const layout = makeSpool(t);
    put(layout.inflight, NAME, 'intent');
    step(layout);
    assert.equal(file(layout, filing), 'filed');
    assert.deepEqual(everything(layout), {
      [`failed/${NAME}`]: 'intent',
      [`failed/${NAME}.error.log`]: 'why',
      [`status/${NAME}.status`]: 'status',
    });
  }
});

test('a place that was taken since it was chosen is left as it is, its error log too', (t) => {
  const layout = makeSpool(t);
  put(layout.inflight, NAME, 'intent');
  put(layout.failed, NAME, 'theirs');
  put(layout.failed, `${NAME}.error.log`, 'their log');
  const filing = { name: NAME, to: `failed/${NAME}`, status: 'status', log: 'why' };
  assert.equal(file(layout, filing), 'occupied');
  const { [`status/${NAME}.status`]: _, ...rest } = everything(layout);
  assert.deepEqual(rest, {
    [`.inflight/here/${NAME}`]: 'intent',
    [`failed/${NAME}`]: 'theirs',
    [`failed/${NAME}.error.log`]: 'their log',
  });
});

test('a file without an error log that took the place gets none of ours', (t) => {
  const layout = makeSpool(t);
  put(layout.inflight, NAME, 'intent');
  put(layout.failed, NAME, 'theirs');
  const filing = { name: NAME, to: `failed/${NAME}`, status: 'status', log: 'why' };
  assert.equal(file(layout, filing), 'occupied');
  assert.deepEqual(readdirSync(layout.failed), [NAME]);
  assert.equal(read(layout, `failed/${NAME}`), 'theirs');
});

test('an error log that took the place keeps the file out of it', (t) => {
  const layout = makeSpool(t);
  put(layout.inflight, NAME, 'intent');
  put(layout.failed, `${NAME}.error.log`, 'their log');
  const filing = { name: NAME, to: `failed/${NAME}`, status: 'status', log: 'why' };
  assert.equal(file(layout, filing), 'occupied');
  assert.equal(read(layout, `failed/${NAME}.error.log`), 'their log');
  assert.ok(existsSync(join(layout.inflight, NAME)));
});

test('a file that is neither claimed nor filed is gone; a directory that is gone is an error', (t) => {
  const layout = makeSpool(t);
  const filing = { name: NAME, to: `processed/${NAME}`, status: 'status' };
  assert.equal(file(layout, filing), 'gone');
  assert.deepEqual(readdirSync(layout.processed), []);
  put(layout.inflight, NAME);
  rmSync(layout.processed, { recursive: true });
  assert.throws(() => file(layout, filing), { code: 'ENOENT' });
  rmSync(layout.status, { recursive: true });
  assert.throws(() => file(layout, filing), { code: 'ENOENT' });
  assert.ok(existsSync(join(layout.inflight, NAME)));
});

test('a status replaces the one before it, and is never written through a link', (t) => {
  const layout = makeSpool(t);
  const filing = { name: NAME, to: `processed/${NAME}`, status: 'new' };
  const elsewhere = put(layout.handoff, 'elsewhere', 'untouched');
  linkSync(elsewhere, join(layout.status, `${NAME}.status`));
  put(layout.inflight, NAME);
  assert.equal(file(layout, filing), 'filed');
  assert.equal(read(layout, `status/${NAME}.status`), 'new');
  assert.equal(readFileSync(elsewhere, 'utf8'), 'untouched');
});
