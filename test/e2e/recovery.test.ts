import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { intentFor } from '../tools/porch.ts';
import { underTest } from './harness.ts';
import { Spool } from './spool.ts';

const killAt = fileURLToPath(new URL('../tools/kill-at.ts', import.meta.url));
const names = ['a', 'b', 'c', 'd', 'e'].map((target) => `intent-${target}.json`);

function dropAll(spool: Spool, directives = ''): void {
  for (const name of names) spool.drop(name, intentFor(directives, { target: name.slice(7, 8) }));
}

/** The names whose outcome is on record in the journals that a kill left. */
function recorded(spool: Spool): string[] {
  const lines = spool
    .list()
    .filter((name) => name.endsWith('.journal'))
    .flatMap((name) => spool.read(name).split('\n'));
  return lines.flatMap((line) => /"t":"outcome".*?"name":"(intent-.\.json)"/.exec(line)?.[1] ?? []);
}

/** After the next start each intent is filed once, and what was on record did not run again. */
async function assertRecovers(spool: Spool): Promise<void> {
  const onRecord = new Map(recorded(spool).map((name) => [name, spool.runs(name)]));
  const { program, exitCode } = await spool.once();
  assert.equal(exitCode, 0, program.stderr);
  assert.deepEqual(spool.list('processed'), names, program.stderr);
  assert.deepEqual(spool.list('failed'), []);
  assert.deepEqual(
    spool.list('status'),
    names.map((name) => `${name}.status`),
  );
  for (const name of names) {
    const status = spool.status(name);
    assert.equal(status?.status, 'success');
    assert.equal(status?.moved_to, `processed/${name}`);
    assert.ok(spool.runs(name) <= 2);
    if (onRecord.has(name)) assert.equal(spool.runs(name), onRecord.get(name), name);
  }
  assert.deepEqual(spool.claimed, []);
  // A third start has nothing left to do.
  const third = await spool.once();
  assert.equal(third.program.logged(/^finished what was interrupted/).length, 0);
  assert.deepEqual(spool.list('processed'), names);
}

const points = {
  claim: 'after the claim',
  record: 'after the record',
  status: 'after the status',
  move: 'during the move',
} as const;

/** In Deno functions of node:fs cannot be wrapped from outside: there these are no cases. */
const canWrap = underTest !== 'deno';

for (const [point, when] of Object.entries(points)) {
  if (!canWrap && point !== 'record') continue;
  test(`a kill ${when} loses nothing and repeats nothing that is on record`, async () => {
    const count = 2;
    await using spool = new Spool();
    dropAll(spool);
    const env = { KILL_AT: `${point}:${count}` };
    const program = spool.start(['--once'], { env, preload: killAt });
    assert.equal(await program.exitCode(), 137, program.stderr);
    if (point !== 'claim') assert.ok(recorded(spool).length >= count);
    if (point === 'move') assert.equal(spool.list('processed').length, count);
    await assertRecovers(spool);
  });
}

test('a kill while porch runs loses nothing, and porch can tell a repeated run', async () => {
  await using spool = new Spool();
  dropAll(spool, 'wait-for=go');
  const program = spool.start(['--once', '-max-workers', '2']);
  await spool.until(() => spool.porchLog.length === 2, 'two runs of porch');
  assert.equal(await program.stop('SIGKILL'), 137);
  spool.release('go');
  await assertRecovers(spool);
  const repeated = names.filter((name) => spool.runs(name) === 2);
  assert.equal(repeated.length, 2);
  for (const name of repeated) {
    const starts = spool.porchLog.filter((line) => line.event === 'start' && line.name === name);
    assert.deepEqual(
      starts.map((line) => line.attempt),
      [1, 2],
    );
  }
});

if (canWrap) {
  test('a kill in the midst of a failure files it in failed/ with its error log', async () => {
    await using spool = new Spool();
    spool.drop('intent-a.json', intentFor('say=sorry exit=9'));
    const env = { KILL_AT: 'status:1' };
    const program = spool.start(['--once'], { env, preload: killAt });
    assert.equal(await program.exitCode(), 137, program.stderr);
    assert.equal((await spool.once()).exitCode, 0);
    assert.deepEqual(spool.list('failed'), ['intent-a.json', 'intent-a.json.error.log']);
    assert.match(spool.read('failed', 'intent-a.json.error.log'), /sorry/);
    assert.equal(spool.runs('intent-a.json'), 1);
  });
}

if (canWrap) {
  test('a place that was taken after the record is not written over', async () => {
    await using spool = new Spool();
    spool.drop('intent-a.json', intentFor(''));
    const program = spool.start(['--once'], { env: { KILL_AT: 'status:1' }, preload: killAt });
    assert.equal(await program.exitCode(), 137, program.stderr);
    writeFileSync(join(spool.handoff, 'processed', 'intent-a.json'), 'mine');
    assert.equal((await spool.once()).exitCode, 0);
    assert.equal(spool.read('processed', 'intent-a.json'), 'mine');
    const movedTo = spool.status('intent-a.json')?.moved_to ?? '';
    assert.match(movedTo, /^processed\/intent-a\.json\.\d{8}T\d{9}Z\.json$/);
    assert.equal(spool.read(movedTo), intentFor(''));
    assert.equal(spool.runs('intent-a.json'), 1);
  });
}

test('an intent that was filed, killed over and dropped again is only a repetition', async () => {
  await using spool = new Spool();
  const program = await spool.watch();
  const content = intentFor('');
  spool.drop('intent-a.json', content);
  await spool.filed('intent-a.json');
  await program.stop('SIGKILL');
  spool.drop('intent-a.json', content);
  await spool.once();
  assert.equal(spool.status('intent-a.json')?.status, 'skipped');
  assert.equal(spool.runs('intent-a.json'), 1);
});

test('an intent that ends the program again and again is filed as E012', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor('wait-for=never'));
  for (let start = 1; start <= 3; start++) {
    const program = spool.start(['-crash-limit', '3']);
    await spool.begun('intent-a.json', start);
    assert.equal(await program.stop('SIGKILL'), 137);
  }
  spool.drop('intent-b.json', intentFor('', { target: 'other' }));
  const { exitCode } = await spool.once(['-crash-limit', '3']);
  assert.equal(exitCode, 8);
  assert.equal(spool.status('intent-a.json')?.error_details?.error_code, 'E012');
  assert.equal(spool.runs('intent-a.json'), 3);
  assert.equal(spool.status('intent-b.json')?.status, 'success');
});
