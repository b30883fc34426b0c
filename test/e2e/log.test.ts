import assert from 'node:assert/strict';
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
