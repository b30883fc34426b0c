import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

async function show(spool: Spool, ...args: string[]) {
  const program = spool.run(['show', '-handoff', spool.handoff, '-out', spool.out, ...args]);
  return { exitCode: await program.exitCode(), out: program.stdout, err: program.stderr };
}

test('the story of an intent that failed twice: journal, status, log, place', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-instance', 'one']);
  spool.drop('intent-a.json', intentFor('say=hopeless exit=7', { correlation_id: 'corr-1' }));
  await spool.filed('intent-a.json', 'failed');
  const { exitCode, out, err } = await show(spool, 'intent-a.json');
  assert.equal(err, '');
  assert.equal(exitCode, 0);
  assert.match(out, /^intent-a\.json {2}failed E013 porch failed\n/);
  assert.match(
    out,
    /^Now in {6}failed\/intent-a\.json {2}\d+B, modified [\d:]+, mode 0644, owner \d+$/m,
  );
  assert.match(out, /^Status {6}failed {2}[\d:]+ {2}by one, 1 attempt in /m);
  assert.match(out, /correlation corr-1/);
  assert.match(out, /^Journal {5}[\d:]+ {2}begun {2}attempt 1 {2}by one$/m);
  assert.match(out, /^ +[\d:]+ {2}failed {2}to failed\/intent-a\.json {2}by one$/m);
  assert.match(out, /^Error log {3}failed\/intent-a\.json\.error\.log$/m);
  assert.match(out, /hopeless/);
  assert.equal(await program.stop(), 0);
});

test('the same as JSON, by the name of any of its files, and after the snapshot', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor(''));
  await spool.once();
  spool.drop('intent-a.json', intentFor('', { replicas: 4 }));
  await spool.once();
  const later = spool.list('processed').find((name) => name !== 'intent-a.json') ?? '';
  for (const name of ['intent-a.json', later, 'status/intent-a.json.status']) {
    const { out, exitCode } = await show(spool, name, '-json');
    assert.equal(exitCode, 0);
    const story = JSON.parse(out);
    assert.equal(story.name, 'intent-a.json');
    const files = story.places.map(({ file }: { file: string }) => file);
    assert.deepEqual(files, ['processed/intent-a.json', `processed/${later}`]);
    assert.equal(story.snapshot.succeeded, true);
    assert.equal(story.snapshot.sha256_half, story.status.sha256.slice(0, 32));
    assert.deepEqual(story.journal, []);
    assert.equal(story.package, null);
  }
});

test('one that is worked on, one that waits, and one that nobody knows', async () => {
  await using spool = new Spool();
  await spool.watch(['-instance', 'one', '-max-workers', '1']);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  await spool.begun('intent-a.json');
  spool.drop('intent-b.json', intentFor(''));
  const worked = await show(spool, 'intent-a.json');
  assert.match(worked.out, /^intent-a\.json {2}is being worked on\n/);
  assert.match(worked.out, /^Now in {6}\.inflight.one.intent-a\.json /m);
  assert.match((await show(spool, 'intent-b.json')).out, /^intent-b\.json {2}waits\n/);
  const unknown = await show(spool, 'intent-none.json');
  assert.equal(unknown.exitCode, 8);
  assert.match(unknown.err, /^conductor-loop: nothing is known of intent-none\.json in /);
  assert.equal((await show(spool, 'none')).exitCode, 1);
  assert.equal((await show(spool)).exitCode, 1);
  spool.release('go');
  await spool.filed('intent-b.json');
});

test('the package that the embedded porch made is named', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor('', { target: 'web' }));
  await spool.once(['-porch', 'builtin']);
  const { out } = await show(spool, 'intent-a.json');
  assert.ok(out.includes(`Package     ${spool.path('out', 'default', 'web')}\n`), out);
});
