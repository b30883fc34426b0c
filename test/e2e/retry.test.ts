import assert from 'node:assert/strict';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

async function retry(spool: Spool, ...args: string[]) {
  const program = spool.run(['retry', '-handoff', spool.handoff, ...args]);
  return { exitCode: await program.exitCode(), out: program.stdout, err: program.stderr };
}

const failing = intentFor('exit=7');

test('a failed intent that is put back while an instance runs is run again', async () => {
  await using spool = new Spool();
  await spool.watch();
  spool.drop('intent-a.json', failing);
  await spool.filed('intent-a.json', 'failed');
  const { exitCode, out, err } = await retry(spool, 'intent-a.json');
  assert.equal(err, '');
  assert.equal(exitCode, 0);
  assert.match(out, /^intent-a\.json {2}put back {2}E013 porch failed\n1 put back, 0 left\n$/);
  await spool.begun('intent-a.json', 2);
  // Its place and that of its log were free again.
  await spool.until(() => spool.list('failed').includes('intent-a.json'), 'the second failure');
  assert.deepEqual(spool.list('failed'), ['intent-a.json', 'intent-a.json.error.log']);
});

test('where none runs the next start runs what was put back', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', failing);
  assert.equal((await spool.once()).exitCode, 8);
  assert.equal((await retry(spool, '--all')).exitCode, 0);
  assert.deepEqual(spool.list('failed'), []);
  assert.ok(spool.list().includes('intent-a.json'));
  assert.equal((await spool.once()).exitCode, 8);
  assert.equal(spool.runs('intent-a.json'), 2);
});

test('a file that waits under the name is never replaced', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', failing);
  assert.equal((await spool.once()).exitCode, 8);
  spool.drop('intent-a.json', 'newer');
  const { exitCode, err } = await retry(spool, 'intent-a.json');
  assert.equal(exitCode, 8);
  assert.match(err, /intent-a\.json is left: a file of its name waits/);
  assert.equal(spool.read('intent-a.json'), 'newer');
  assert.deepEqual(spool.list('failed'), ['intent-a.json', 'intent-a.json.error.log']);
});

test('of several of one name the latest goes back, under the name without the time', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor('exit=7', { replicas: 1 }));
  await spool.once();
  spool.drop('intent-a.json', intentFor('exit=7', { replicas: 2 }));
  await spool.once();
  const later = spool.list('failed').find((name) => /Z\.json$/.test(name)) ?? '';
  const { exitCode, out } = await retry(spool, '--all');
  assert.equal(exitCode, 0);
  assert.match(out, /was intent-a\.json\.\d{8}T\d{9}Z\.json/);
  assert.match(out, /1 put back, 0 left, 1 passed over/);
  assert.equal(JSON.parse(spool.read('intent-a.json')).replicas, 2);
  assert.deepEqual(spool.list('failed'), ['intent-a.json', 'intent-a.json.error.log']);
  assert.notEqual(later, '');
});

test('what succeeded later is not put back by -all, but by its name', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor('exit=7'));
  await spool.once();
  spool.drop('intent-a.json', intentFor(''));
  assert.equal((await spool.once()).exitCode, 0);
  assert.match((await retry(spool, '--all')).out, /^0 put back, 0 left, 1 passed over/);
  assert.equal((await retry(spool, 'failed/intent-a.json')).exitCode, 0);
  assert.deepEqual(spool.list('failed'), []);
});

test('codes choose among all and among names, and a dry run only tells', async () => {
  await using spool = new Spool();
  spool.drop('intent-json.json', '{');
  spool.drop('intent-porch.json', failing);
  spool.drop('intent-policy.json', intentFor('', { namespace: 'kube-system' }));
  assert.equal((await spool.once(['-settle-timeout', '50ms'])).exitCode, 8);
  const before = spool.list('failed');
  const dry = await retry(spool, '--code', 'E001,E004', '-dry-run');
  assert.match(dry.out, /^intent-json\.json {2}would be put back {2}E001 not JSON$/m);
  assert.match(dry.out, /^2 would be put back, 0 left$/m);
  assert.deepEqual(spool.list('failed'), before);
  const named = await retry(spool, 'intent-json.json', 'intent-porch.json', '--code=e013');
  assert.equal(named.exitCode, 8);
  assert.match(named.err, /intent-json\.json is left: it failed with E001/);
  assert.match(named.out, /^1 put back, 1 left$/m);
  assert.match((await retry(spool, '--code', 'E001')).out, /^1 put back/m);
  assert.deepEqual(
    spool.list('failed').filter((name) => name.endsWith('.json')),
    ['intent-policy.json'],
  );
  assert.equal((await retry(spool, '--code', 'E012')).exitCode, 0);
});

test('mistakes are one line each; a name that is not there is 8', async () => {
  await using spool = new Spool();
  for (const [args, message, code] of [
    [[], /retry needs to know what/, 1],
    [['--all', 'intent-a.json'], /names or --all/, 1],
    [['--code', 'E999'], /"E999" is no error code/, 1],
    [['nonsense'], /not the name of an intent/, 1],
    [['intent-a.json'], /intent-a\.json is not in .*failed/, 8],
  ] as const) {
    const { exitCode, err } = await retry(spool, ...args);
    assert.match(err, message);
    assert.equal(exitCode, code);
  }
});

test('what is put back keeps its place in the order of dropping', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', failing, { mtimeMs: Date.now() - 60_000 });
  await spool.once();
  const timeOf = (...names: string[]) => {
    return statSync(join(spool.handoff, ...names), { bigint: true }).mtimeNs;
  };
  const before = timeOf('failed', 'intent-a.json');
  await retry(spool, '--all');
  // Some runtimes see milliseconds only: it is later all the same, by one at most.
  const laterNs = Number(timeOf('intent-a.json') - before);
  assert.ok(laterNs > 0 && laterNs < 1_010_000, `${laterNs} ns later`);
});

test('a refused name stays, for it would be refused again', async () => {
  await using spool = new Spool();
  spool.drop('intent-\x01.json', intentFor(''));
  await spool.once();
  const [refused = ''] = spool.list('failed');
  assert.match((await retry(spool, '--all')).out, /^0 put back, 0 left, 1 passed over/);
  const named = await retry(spool, refused);
  assert.equal(named.exitCode, 8);
  assert.match(named.err, /its own name was refused/);
});

test('the code of one whose status is gone is known from its error log', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', failing);
  await spool.once();
  rmSync(join(spool.handoff, 'status', 'intent-a.json.status'));
  assert.match((await retry(spool, '--code', 'E013')).out, /^1 put back/m);
});
