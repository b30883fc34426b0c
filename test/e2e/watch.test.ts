import assert from 'node:assert/strict';
import {
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { intentFor } from '../tools/porch.ts';
import { underTest } from './harness.ts';
import { Spool } from './spool.ts';

test('intents that are dropped while it watches are run, and SIGTERM ends it with 0', async () => {
  await using spool = new Spool();
  const program = await spool.watch();
  for (const name of ['intent-a.json', 'intent-b.json']) {
    spool.drop(name, intentFor(''));
    await spool.filed(name);
  }
  spool.drop('not-an-intent.json', intentFor(''));
  spool.drop('intent-c.json.part', intentFor(''));
  spool.drop('intent-d.json', intentFor(''));
  await spool.filed('intent-d.json');
  assert.equal(await program.stop(), 0);
  assert.deepEqual(spool.list('processed'), ['intent-a.json', 'intent-b.json', 'intent-d.json']);
  const left = spool.list().filter((name) => !name.startsWith('.'));
  assert.deepEqual(left, [
    'failed',
    'intent-c.json.part',
    'not-an-intent.json',
    'processed',
    'status',
  ]);
});

test('a file that is written slowly is taken when it is complete', async () => {
  await using spool = new Spool();
  await spool.watch(['-debounce', '300ms']);
  const write = spool.writeSlowly('intent-a.json');
  for (const piece of intentFor('').match(/.{1,20}/g) ?? []) {
    write(piece);
    await delay(20);
  }
  write('\n', true);
  await spool.filed('intent-a.json');
  assert.equal(spool.runs('intent-a.json'), 1);
  assert.deepEqual(spool.list('failed'), []);
});

test('a writer that pauses for 3 s in the middle is not judged early, and run once', async () => {
  await using spool = new Spool();
  const program = await spool.watch();
  const content = intentFor('');
  const write = spool.writeSlowly('intent-a.json');
  write(content.slice(0, 40));
  // The pause is what is tested: it must be longer than debounce and shorter than settle_timeout.
  await delay(3000);
  assert.equal(spool.status('intent-a.json'), null, program.stderr);
  write(content.slice(40), true);
  await spool.filed('intent-a.json');
  assert.equal(spool.runs('intent-a.json'), 1);
  assert.deepEqual(spool.list('failed'), []);
});

test('a file that is never completed is judged after settle_timeout', async () => {
  await using spool = new Spool();
  await spool.watch(['-settle-timeout', '300ms']);
  writeFileSync(spool.path('handoff', 'intent-a.json'), '{"intent_type":');
  await spool.filed('intent-a.json', 'failed');
  assert.equal(spool.status('intent-a.json')?.error_details?.error_code, 'E001');
});

test('a name dropped again while its first runs waits for that one, and then runs', async () => {
  await using spool = new Spool();
  await spool.watch();
  spool.drop('intent-a.json', intentFor('wait-for=first'));
  await spool.begun('intent-a.json');
  spool.drop('intent-a.json', intentFor('', { target: 'other' }));
  spool.drop('intent-b.json', intentFor('', { target: 'third' }));
  await spool.filed('intent-b.json');
  assert.equal(spool.runs('intent-a.json'), 1);
  spool.release('first');
  await spool.begun('intent-a.json', 2);
  await spool.until(() => spool.list('processed').length === 3, 'both being filed');
  assert.match(spool.list('processed')[1] ?? '', /^intent-a\.json\.\d{8}T\d{9}Z\.json$/);
  const events = spool.porchLog.filter((line) => line.name === 'intent-a.json');
  assert.deepEqual(
    events.map((line) => line.event),
    ['start', 'end', 'start', 'end'],
  );
});

test('A, B and A again under one name all run, A a second time right after is skipped', async () => {
  await using spool = new Spool();
  await spool.watch();
  const [a, b] = [intentFor('', { replicas: 1 }), intentFor('', { replicas: 2 })];
  const drop = async (content: string, count: number) => {
    spool.drop('intent-x.json', content);
    await spool.until(
      () => spool.list('processed').length === count,
      `file ${count} in processed/`,
    );
  };
  await drop(a, 1);
  await drop(b, 2);
  await drop(a, 3);
  assert.equal(spool.runs('intent-x.json'), 3);
  await drop(a, 4);
  await spool.filed('intent-x.json', 'skipped');
  assert.equal(spool.runs('intent-x.json'), 3);
});

test('a failed intent that is moved back from failed/ runs again', async () => {
  await using spool = new Spool();
  await spool.watch();
  spool.drop('intent-a.json', intentFor('exit=9'));
  await spool.filed('intent-a.json', 'failed');
  renameSync(
    spool.path('handoff', 'failed', 'intent-a.json'),
    spool.path('handoff', 'intent-a.json'),
  );
  await spool.begun('intent-a.json', 2);
  await spool.until(() => spool.list('failed').length === 3, 'its second failure being filed');
});

test('a modification time in the future or far in the past holds nothing up', async () => {
  await using spool = new Spool();
  const hour = 3_600_000;
  spool.drop('intent-early.json', intentFor(''), { mtimeMs: Date.now() + hour });
  await spool.watch();
  spool.drop('intent-late.json', intentFor(''), { mtimeMs: Date.now() + 1000 * hour });
  spool.drop('intent-old.json', intentFor(''), { mtimeMs: 1000 });
  for (const name of ['intent-early.json', 'intent-late.json', 'intent-old.json']) {
    await spool.filed(name);
  }
});

test('a torn file with a modification time in the future is judged all the same', async () => {
  await using spool = new Spool();
  await spool.watch(['-settle-timeout', '300ms']);
  spool.drop('intent-a.json', '{"torn":', { mtimeMs: Date.now() + 3_600_000 });
  await spool.filed('intent-a.json', 'failed');
});

test('an intent that changes during its run is marked so', async () => {
  await using spool = new Spool();
  await spool.watch();
  spool.drop('intent-a.json', intentFor('rewrite-intent'));
  spool.drop('intent-b.json', intentFor('', { target: 'other' }));
  assert.equal((await spool.filed('intent-a.json')).changed_during_run, true);
  assert.equal((await spool.filed('intent-b.json')).changed_during_run, undefined);
});

test('a file that is touched while it waits for its turn runs once', async () => {
  await using spool = new Spool();
  await spool.watch();
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  await spool.begun('intent-a.json');
  spool.drop('intent-b.json', intentFor(''));
  for (let count = 0; count < 5; count++) {
    utimesSync(spool.path('handoff', 'intent-b.json'), new Date(), new Date());
    await delay(30);
  }
  spool.release('go');
  await spool.filed('intent-b.json');
  assert.equal(spool.runs('intent-b.json'), 1);
});

/** Other runtimes and systems do not name their threads. */
const namesThreads = process.platform === 'linux' && underTest !== 'deno';

if (namesThreads) {
  test('who has nothing to do has no threads for work', async () => {
    await using spool = new Spool();
    const program = await spool.watch(['-lease-ttl', '1s', '-instance', 'a']);
    const lease = spool.path('handoff', '.inflight', 'a.lease');
    const renewals = new Set<number>();
    const renewedAt = () => statSync(lease, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    await spool.until(() => renewals.add(renewedAt()).size > 3, 'signs of life');
    assert.equal(workers(program.pid), 0);
    spool.drop('intent-a.json', intentFor(''));
    await spool.filed('intent-a.json');
    assert.ok(workers(program.pid) > 0);
  });
}

function workers(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const names = readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8'));
  return names.filter((name) => name.startsWith('WorkerThread')).length;
}
