import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { checkFile } from '../../src/intent/read.ts';
import type { Job } from '../../src/pipeline/job.ts';
import { ReadAhead, type ReadAheadParts } from '../../src/pipeline/read-ahead.ts';
import { Hold } from '../../src/queue/hold.ts';
import { Scheduler } from '../../src/queue/scheduler.ts';
import { Intake } from '../../src/spool/intake.ts';
import { Pool } from '../../src/workers/pool.ts';
import { put, tempDir } from '../spool/support.ts';
import { intentFor } from '../tools/porch.ts';
import { until } from '../tools/until.ts';
import { mortal } from '../workers/support.ts';

const limits = { maxFileSize: 1024 * 1024, maxReplicas: 100, systemNamespaces: [] };

/** Everything that reads ahead, on a directory of its own. */
function makeReadAhead(
  t: TestContext,
  changes: Partial<ReadAheadParts['settings']> = {},
  advanced: (readAhead: ReadAhead) => void = (readAhead) => readAhead.pump(),
  readHere: ReadAheadParts['readHere'] = () => null,
) {
  const handoff = tempDir(t);
  const refused: string[] = [];
  const held: string[] = [];
  const scheduler = new Scheduler<Job>();
  const intake = new Intake(
    handoff,
    { times: { debounceMs: 1, periodMs: 20 }, watch: false },
    {
      arrived: () => readAhead.pump(),
      changed: () => {},
      timeOf: (name) => scheduler.get(name)?.time ?? readAhead.timeOf(name),
      taken: (name) => scheduler.has(name) || readAhead.has(name) || refused.includes(name),
      takenAny: () => true,
      help: () => null,
      directory: () => {},
      awake: () => {},
      looked: () => {},
      unwatched: () => {},
    },
  );
  const pool = new Pool({ runners: 1, runsPerThread: 1, limits, spawner: 'node' }, mortal);
  const readAhead: ReadAhead = new ReadAhead({
    intake,
    scheduler,
    pool,
    readHere,
    hold: new Hold({ held: (_, what) => held.push(what), released: () => {} }),
    settings: { queueSize: 100, debounceMs: 1, settleTimeoutMs: 500, crashLimit: 3, ...changes },
    accept: (job) => scheduler.add(job),
    refuse: ({ name }, { refusal }) => refused.push(`${refusal.code} ${name}`, name),
    advanced: () => advanced(readAhead),
  });
  t.after(() => {
    readAhead.stop();
    intake.stop();
    return pool.close();
  });
  /** Drops a file that is so old. */
  const drop = (name: string, ageMs: number, text = intentFor('')) => {
    const path = put(handoff, name, text);
    const time = (Date.now() - ageMs) / 1000;
    utimesSync(path, time, time);
  };
  return { handoff, intake, scheduler, readAhead, refused, held, drop };
}

const HOUR_MS = 3_600_000;

test('what has settled is read and queued, what is refused is handed on', async (t) => {
  const { intake, scheduler, refused, drop, handoff } = makeReadAhead(t);
  drop('intent-a.json', HOUR_MS, intentFor('', { target: 'a', priority: 9 }));
  drop('intent-b.json', HOUR_MS, intentFor('', { replicas: -1 }));
  drop('intent-c.json', HOUR_MS, '{"cut off');
  const odd = Buffer.from(`${handoff}/intent-\xff.json`, 'latin1');
  writeFileSync(odd, 'never read');
  utimesSync(odd, 1, 1);
  await intake.start();
  await until(() => scheduler.size === 1 && refused.length === 6);
  const job = scheduler.next();
  assert.equal(job?.target, 'default/a');
  assert.equal(job?.priority, 9);
  assert.equal(job?.place, 'handoff');
  const codes = refused.filter((said) => said.includes(' ')).map((said) => said.slice(0, 4));
  assert.deepEqual(codes.sort(), ['E001', 'E003', 'E014']);
});

test('what can be read here is not given to the reader, and is held where the disk refuses', async (t) => {
  const asked: (readonly string[])[] = [];
  const { intake, scheduler, held, drop, handoff } = makeReadAhead(t, {}, undefined, (paths) => {
    asked.push(paths);
    const unavailable = { kind: 'unavailable', errno: 'EIO', message: 'EIO: i/o error' } as const;
    return paths.map((path) => (asked.length === 1 ? unavailable : checkFile(path, limits)));
  });
  // The reader would end over it.
  drop('intent-deadly.json', HOUR_MS);
  await intake.start();
  await until(() => scheduler.size === 1);
  assert.deepEqual(
    asked,
    [1, 2].map(() => [`${handoff}/intent-deadly.json`]),
  );
  assert.equal(held.length, 1);
});

test('no more is read than the queue holds, and what is older displaces what is newer', async (t) => {
  const { intake, scheduler, readAhead, drop } = makeReadAhead(t, { queueSize: 64 });
  for (let index = 0; index < 300; index++)
    drop(`intent-new-${index}.json`, HOUR_MS - 1000 * index);
  await intake.start();
  await until(() => scheduler.size >= 64 && readAhead.reading === 0);
  // Whole batches are read: the limit is passed by less than two of them.
  assert.ok(scheduler.size < 64 + 128, `${scheduler.size}`);
  assert.ok(!scheduler.has('intent-new-299.json'));
  for (let index = 0; index < 10; index++)
    drop(`intent-old-${index}.json`, 2 * HOUR_MS + 1000 * index);
  await until(() => scheduler.has('intent-old-9.json') && readAhead.reading === 0);
  assert.equal(scheduler.next()?.name, 'intent-old-9.json');
  assert.ok(scheduler.has('intent-new-0.json'));
  assert.equal(scheduler.size + intake.settled, 309, 'what is displaced is not lost');
});

test('a full queue reads nothing twice where all were dropped at one time', async (t) => {
  const { intake, scheduler, readAhead, drop } = makeReadAhead(t, { queueSize: 64 });
  const at = Date.now();
  for (let index = 0; index < 300; index++) drop(`intent-${index}.json`, Date.now() - at + HOUR_MS);
  await intake.look();
  await until(() => scheduler.size >= 64 && readAhead.reading === 0);
  assert.equal(scheduler.size + intake.settled, 300);
});

test('what was replaced after it was listed has the place of what is there now', async (t) => {
  const { intake, scheduler, readAhead, drop } = makeReadAhead(t);
  drop('intent-b.json', 2 * HOUR_MS);
  drop('intent-a.json', HOUR_MS);
  await intake.look();
  await until(() => scheduler.size === 2);
  const listed = scheduler.remove('intent-a.json');
  assert.ok(listed);
  for (const time of [listed.time - 2 * HOUR_MS, listed.time]) {
    intake.putBack({ name: 'intent-a.json', time });
    readAhead.pump();
    await until(() => scheduler.has('intent-a.json'));
    assert.equal(scheduler.remove('intent-a.json')?.time, listed.time);
  }
});

test('a file that ends the reader is found among those that do not, and refused', async (t) => {
  const { intake, scheduler, refused, drop } = makeReadAhead(t);
  drop('intent-a.json', HOUR_MS);
  drop('intent-deadly.json', HOUR_MS - 1000);
  drop('intent-b.json', HOUR_MS - 2000);
  await intake.start();
  await until(() => scheduler.size === 2 && refused.length > 0);
  assert.deepEqual(refused, ['E012 intent-deadly.json', 'intent-deadly.json']);
});

test('an incomplete file is given time to be completed', async (t) => {
  const { intake, scheduler, refused, drop } = makeReadAhead(t, { settleTimeoutMs: 60_000 });
  drop('intent-a.json', 100, '{"intent_type":');
  await intake.look();
  await until(() => intake.settling === 1 && intake.settled === 0);
  assert.deepEqual(refused, []);
  drop('intent-a.json', 100);
  intake.settle('intent-a.json', 0);
  await until(() => scheduler.size === 1);
});

test('nothing that was dropped later may overtake what is not read yet', async (t) => {
  const { intake, scheduler, readAhead, drop } = makeReadAhead(t, {}, () => {});
  drop('intent-a.json', HOUR_MS);
  drop('intent-b.json', HOUR_MS - 1000);
  assert.equal(readAhead.firstUnread(), undefined);
  const looked = intake.look();
  await until(() => readAhead.reading === 2 || scheduler.size === 2);
  if (readAhead.reading > 0) assert.equal(readAhead.firstUnread()?.name, 'intent-a.json');
  await looked;
  await until(() => scheduler.size === 2);
  assert.equal(readAhead.firstUnread(), undefined);
});

test('what is read when it has stopped stays in handoff', async (t) => {
  const { intake, scheduler, readAhead, refused, drop } = makeReadAhead(t);
  drop('intent-a.json', HOUR_MS);
  drop('intent-b.json', HOUR_MS, intentFor('', { replicas: -1 }));
  const looked = intake.look();
  await until(() => readAhead.reading === 2);
  readAhead.stop();
  await looked;
  await until(() => readAhead.reading === 0);
  assert.equal(scheduler.size, 0);
  assert.deepEqual(refused, []);
});
