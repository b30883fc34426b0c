import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { adopt, bury, estates, settle } from '../../src/spool/estates.ts';
import { readLease } from '../../src/spool/lease-content.ts';
import { until } from '../tools/until.ts';
import { ended, far, leaseText, putLease } from './lease-support.ts';
import { makeSpool, put } from './support.ts';

const listed = (root: string) => readdirSync(root).filter((name) => name !== 'here');

test('a lease that is buried is moved, and is its heir’s estate until that has settled it', (t) => {
  const layout = makeSpool(t);
  const { inflightRoot: root } = layout;
  // A name may have dots, and look like something else.
  for (const instance of ['pod-1', 'web.dead.example.org', 'here.lease']) {
    putLease(layout, instance, far);
    const found = readLease(root, instance);
    assert.ok(found && bury(root, found, 'heir1'));
    assert.equal(readLease(root, instance), null);
    const [estate, ...others] = estates(root);
    assert.ok(estate);
    assert.deepEqual(others, []);
    const path = join(root, `${instance}.earlier.dead.heir1`);
    assert.deepEqual(estate, { path, instance, life: 'earlier', heir: 'heir1' });
    settle(estate);
    settle(estate);
    assert.deepEqual(listed(root), []);
  }
});

test('what is no estate is none', (t) => {
  const { inflightRoot: root } = makeSpool(t);
  for (const name of ['cleaned', 'dead', 'x.dead.y', 'x.life.dead', '.life.dead.heir'])
    put(root, name);
  mkdirSync(join(root, 'pod.dead'));
  assert.deepEqual(estates(root), []);
});

test('who has given a sign of life since it was looked at is not buried', (t) => {
  const layout = makeSpool(t);
  const { inflightRoot: root } = layout;
  const path = putLease(layout, 'pod', { ...far, renewals: 1 });
  const found = readLease(root, 'pod');
  putLease(layout, 'pod', { ...far, renewals: 2 });
  assert.ok(found);
  assert.equal(bury(root, found, 'heir'), false);
  assert.deepEqual(listed(root), ['pod.lease']);
  assert.equal(readFileSync(path, 'utf8'), leaseText('pod', { ...far, renewals: 2 }));
  // Even between the last look and the move: then its lease is put back.
  let uses = 0;
  const moved = {
    ...found,
    text: readFileSync(path, 'utf8'),
    get path(): string {
      if (++uses === 2) putLease(layout, 'pod', { ...far, renewals: 3 });
      return path;
    },
  };
  assert.equal(bury(root, moved, 'heir'), false);
  assert.deepEqual(listed(root), ['pod.lease']);
  assert.equal(readFileSync(path, 'utf8'), leaseText('pod', { ...far, renewals: 3 }));
  settle({ path, instance: 'pod', life: 'earlier', heir: 'heir' });
  assert.equal(bury(root, found, 'heir'), false);
  assert.deepEqual(listed(root), []);
});

test('a lease that was moved before its owner wrote to it is nobody’s estate', (t) => {
  const layout = makeSpool(t);
  const { inflightRoot: root } = layout;
  const path = putLease(layout, 'pod', far);
  const found = readLease(root, 'pod');
  assert.ok(found);
  let uses = 0;
  const seen: unknown[] = [];
  const moved = {
    ...found,
    get path(): string {
      uses++;
      // Somebody buried it before us and took the name; when ours is moved, the next one takes it.
      if (uses === 2) writeFileSync(path, '');
      if (uses === 3) seen.push(...estates(root));
      if (uses === 3) putLease(layout, 'pod', { ...far, renewals: 0 });
      return path;
    },
  };
  assert.equal(bury(root, moved, 'heir'), false);
  assert.equal(uses, 3);
  assert.deepEqual(seen, []);
  assert.deepEqual(listed(root), ['pod.lease']);
});

test('a lease that was moved by mistake waits for its place, and its owner is nobody’s estate meanwhile', async (t) => {
  const layout = makeSpool(t);
  const { inflightRoot: root } = layout;
  const path = putLease(layout, 'pod', far);
  const found = readLease(root, 'pod');
  assert.ok(found);
  // The third one, who took the name for a moment, gives it up when it is told to.
  const told = new Int32Array(new SharedArrayBuffer(8));
  const third = new Worker(
    `const { workerData: { path, told } } = require('node:worker_threads');
     Atomics.store(told, 1, 1);
     Atomics.wait(told, 0, 0);
     require('node:fs').rmSync(path);`,
    { eval: true, workerData: { path, told } },
  );
  t.after(() => third.terminate());
  await until(() => Atomics.load(told, 1) === 1);
  const second = leaseText('pod', { life: 'second' });
  const ofSecond = join(root, 'gone.first.dead.second');
  writeFileSync(ofSecond, leaseText('gone', { ...ended, life: 'first' }));
  const [estate] = estates(root);
  assert.ok(estate);
  let uses = 0;
  const moved = {
    ...found,
    get path(): string {
      uses++;
      if (uses === 2) writeFileSync(path, second);
      if (uses === 3) {
        putLease(layout, 'pod', { life: 'third' });
        assert.equal(adopt(root, estate, 'fourth'), null);
        Atomics.store(told, 0, 1);
        Atomics.notify(told, 0);
      }
      return path;
    },
  };
  assert.equal(bury(root, moved, 'heir'), false);
  assert.equal(readFileSync(path, 'utf8'), second);
  assert.deepEqual(estates(root), [estate]);
});

test('whoever gives signs of life all the time keeps its lease, or has lost it to one heir', async (t) => {
  const layout = makeSpool(t);
  const { inflightRoot: root } = layout;
  const path = putLease(layout, 'pod', far);
  const { ino } = statSync(path);
  const counts = new Int32Array(new SharedArrayBuffer(4));
  const owner = new Worker(
    `const { workerData: { path, text, counts } } = require('node:worker_threads');
     const { openSync, writeSync } = require('node:fs');
     const file = openSync(path, 'r+');
     for (let n = 10000; n < 100000; n++) {
       writeSync(file, text.replace('"renewals":7', '"renewals":' + n), 0);
       Atomics.add(counts, 0, 1);
     }`,
    { eval: true, workerData: { path, text: leaseText('pod', far), counts } },
  );
  t.after(() => owner.terminate());
  await until(() => Atomics.load(counts, 0) > 0);
  let kept = 0;
  for (let round = 0; round < 2000; round++) {
    const found = readLease(root, 'pod');
    assert.ok(found?.content);
    if (bury(root, found, 'heir')) {
      assert.deepEqual(listed(root), ['pod.earlier.dead.heir']);
      renameSync(join(root, 'pod.earlier.dead.heir'), path);
    } else {
      kept++;
    }
    assert.deepEqual(listed(root), ['pod.lease']);
    assert.equal(statSync(path).ino, ino);
  }
  assert.ok(kept > 0);
});

test('an estate is that of the life in it, whomever its name tells', (t) => {
  const { inflightRoot: root } = makeSpool(t);
  writeFileSync(join(root, 'pod.earlier.dead.heir'), leaseText('pod', { life: 'later' }));
  assert.deepEqual(
    estates(root).map(({ life }) => life),
    ['later'],
  );
  // Where that cannot be read, its name is all there is; one of a damaged lease has no life.
  writeFileSync(join(root, 'pod.earlier.dead.heir'), 'damaged');
  writeFileSync(join(root, 'other..dead.heir'), '');
  assert.deepEqual(
    estates(root)
      .map(({ instance, life }) => [instance, life])
      .sort(),
    [
      ['other', ''],
      ['pod', 'earlier'],
    ],
  );
});

test('an estate is handed on once, and only where its heir has no lease', (t) => {
  const layout = makeSpool(t);
  const { inflightRoot: root } = layout;
  putLease(layout, 'pod', far);
  const found = readLease(root, 'pod');
  assert.ok(found && bury(root, found, 'first'));
  const [estate] = estates(root);
  assert.ok(estate);
  const heir = putLease(layout, 'first', { life: 'first' });
  assert.equal(adopt(root, estate, 'second'), null);
  assert.deepEqual(estates(root), [estate]);
  renameSync(heir, `${heir}.gone`);
  // Nor where it comes in the very instant of the adoption.
  const racing = {
    ...estate,
    get path(): string {
      putLease(layout, 'first', { life: 'first' });
      return estate.path;
    },
  };
  assert.equal(adopt(root, racing, 'second'), null);
  assert.deepEqual(estates(root), [estate]);
  renameSync(heir, `${heir}.gone`);
  const second = adopt(root, estate, 'second');
  assert.deepEqual(second, {
    ...estate,
    path: join(root, 'pod.earlier.dead.second'),
    heir: 'second',
  });
  assert.equal(adopt(root, estate, 'third'), null);
  assert.deepEqual(estates(root), [second]);
});
