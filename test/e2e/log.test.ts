import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

const secret = 'correct-horse-battery';

/** Each case reads `program.log`, which checks every line against SPEC section 8. */
test('every line is JSON with its fields, and those of an intent where it is about one', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor('', { correlation_id: 'corr-1' }));
  spool.drop('intent-b.json', intentFor('exit=1', { target: 'b', correlation_id: 'corr-2' }));
  const flags = ['-environment', 'staging', '-instance', 'edge-1'];
  const { program } = await spool.once(flags);
  for (const line of program.log) {
    assert.equal(line.environment, 'staging');
    assert.equal(line.instance, 'edge-1');
    assert.match(line.version, /^\d+\.\d+\.\d+/);
  }
  const [done] = program.log.filter((line) => line.intent_file === 'intent-a.json');
  assert.equal(done?.correlation_id, 'corr-1');
  assert.equal(typeof done?.worker_id, 'number');
  assert.equal(typeof done?.processing_duration, 'number');
  const [failed] = program.log.filter((line) => line.intent_file === 'intent-b.json');
  assert.equal(failed?.error_code, 'E013');
  assert.equal(failed?.error_type, 'porch');
  assert.equal(failed?.level, 'warn');
  assert.match(failed?.message ?? '', /see failed\/intent-b\.json\.error\.log$/);
});

test('content of intents and output of porch are not logged at info', async () => {
  await using spool = new Spool();
  const metadata = { note: secret };
  spool.drop('intent-a.json', intentFor(`say=${secret}`, { metadata, description: secret }));
  const { program } = await spool.once();
  assert.ok(!program.stderr.includes(secret));
  assert.ok(program.log.every((line) => line.level !== 'debug'));
});

test('at debug the output of porch is logged, scrubbed', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor(`say=hello say=token=${secret}`));
  const { program } = await spool.once(['-log-level', 'debug']);
  const [line] = program.log.filter((one) => one.level === 'debug');
  assert.match(String(line?.stderr), /hello/);
  assert.ok(!program.stderr.includes(secret));
});

test('at error a good run says nothing', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor(''));
  const { program, exitCode } = await spool.once(['-log-level', 'error']);
  assert.equal(exitCode, 0);
  assert.equal(program.stderr, '');
  assert.equal(program.stdout, '');
});

for (const spawner of ['auto', 'node']) {
  test(`a correlation id is in every line about its intent, and with porch (${spawner})`, async () => {
    await using spool = new Spool();
    spool.drop('intent-a.json', intentFor('env exit=75', { correlation_id: 'corr-1' }));
    spool.drop('intent-b.json', intentFor('env exit=75', { target: 'b' }));
    const flags = ['-log-level', 'debug', '-retry-max-attempts', '2', '-porch-spawner', spawner];
    const { program, exitCode } = await spool.once(flags);
    assert.equal(exitCode, 8);
    const about = (name: string) => program.log.filter((line) => line.intent_file === name);
    // Two runs, one repetition, one conclusion.
    assert.deepEqual(
      about('intent-a.json').map((line) => line.correlation_id),
      ['corr-1', 'corr-1', 'corr-1', 'corr-1'],
    );
    assert.equal(about('intent-b.json').length, 4);
    // An intent without one gets none: nobody could find it by what we make up.
    assert.ok(about('intent-b.json').every((line) => !('correlation_id' in line)));
    const given = (name: string) => {
      const environment = readFileSync(join(spool.out, `${name}.env`), 'utf8').split('\0');
      return environment.filter((entry) => entry.startsWith('CONDUCTOR_CORRELATION_ID='));
    };
    assert.deepEqual(given('intent-a.json'), ['CONDUCTOR_CORRELATION_ID=corr-1']);
    assert.deepEqual(given('intent-b.json'), ['CONDUCTOR_CORRELATION_ID=']);
    // What porch logs under CONDUCTOR_RUN_ID is found again in our log.
    const runs = about('intent-a.json').flatMap((line) => line.run_id ?? []);
    const begun = spool.porchLog.filter((line) => line.event === 'start');
    const ofA = begun.filter((line) => line.name === 'intent-a.json');
    assert.deepEqual(
      runs,
      ofA.map((line) => line.runId),
    );
  });
}

test('a log that cannot be written keeps nothing from being done', async () => {
  await using spool = new Spool();
  for (const index of [1, 2, 3]) spool.drop(`intent-${index}.json`, intentFor(''));
  for (const [name, redirection] of [
    ['full', '2>/dev/full'],
    ['closed', '2>&-'],
  ] as const) {
    const under = ['sh', '-c', `exec "$@" ${redirection}`, 'sh'] as const;
    spool.drop(`intent-${name}.json`, intentFor(''));
    const program = spool.start(['-once'], { under });
    assert.equal(await program.exitCode(), 0, name);
    assert.equal(spool.status(`intent-${name}.json`)?.status, 'success');
  }
});
