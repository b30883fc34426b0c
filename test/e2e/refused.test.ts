import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

/** What is wrong with a file, and what its error log has to say. */
const wrong: readonly { name: string; content: string | Buffer; code: string; says: RegExp[] }[] = [
  {
    name: 'intent-no-json.json',
    content: '{\n  "intent_type": "scaling",\n  oops\n}\n',
    code: 'E001',
    says: [/line 3, column 3/],
  },
  {
    name: 'intent-type.json',
    content:
      '{\n  "intent_type": "scaling",\n  "target": "web",\n  "namespace": "default",\n  "replicas": "three"\n}\n',
    code: 'E003',
    says: [/whole number/, /\$\.replicas, line 5, column 15/],
  },
  {
    name: 'intent-missing.json',
    content: '{"intent_type":"scaling"}',
    code: 'E003',
    says: [/target/],
  },
  {
    name: 'intent-unknown.json',
    content: intentFor('', { replica: 3 }),
    code: 'E003',
    says: [/\$\.replica\b/, /line 1, column \d+/],
  },
  {
    name: 'intent-many.json',
    content: intentFor('', { replicas: 101 }),
    code: 'E003',
    says: [/100/],
  },
  {
    name: 'intent-namespace.json',
    content: intentFor('', { namespace: 'kube-system' }),
    code: 'E004',
    says: [/kube-system/, /\$\.namespace/],
  },
  {
    name: 'intent-constraint.json',
    content: intentFor('', { constraints: { max_replicas: 2 } }),
    code: 'E004',
    says: [/\$\.replicas/],
  },
  { name: 'intent-large.json', content: intentFor('x'.repeat(400)), code: 'E002', says: [/bytes/] },
  {
    name: 'intent-latin.json',
    content: Buffer.from(intentFor('caf\xe9'), 'latin1'),
    code: 'E015',
    says: [/UTF-8/],
  },
  {
    name: 'intent-twice.json',
    content: '{"target":"a","target":"b"}',
    code: 'E001',
    says: [/\$\.target/, /line 1, column 15/],
  },
];

test('each broken rule is named with its place and its mend, and porch sees none of it', async () => {
  await using spool = new Spool();
  for (const { name, content } of wrong) spool.drop(name, content);
  const flags = ['-max-file-size', '400', '-settle-timeout', '200ms'];
  const { program, exitCode } = await spool.once(flags);
  assert.equal(exitCode, 8);
  assert.deepEqual(spool.porchLog, []);
  assert.deepEqual(spool.list('processed'), []);
  for (const { name, code, says } of wrong) {
    const log = spool.read('failed', `${name}.error.log`);
    assert.match(log, new RegExp(`^file: {2}${name}\nerror: ${code} `), name);
    for (const words of says) assert.match(log, words, name);
    assert.match(log, /^mend: {2}\S/m, name);
    const status = spool.status(name);
    assert.equal(status?.status, 'failed');
    assert.equal(status?.moved_to, `failed/${name}`);
    assert.equal(status?.error_details?.error_code, code);
    assert.equal(program.log.find((line) => line.intent_file === name)?.error_code, code);
  }
});

test('a refusal quotes no more than 40 characters of the intent', async () => {
  await using spool = new Spool();
  const secret = 'hush'.repeat(50);
  spool.drop('intent-a.json', intentFor('', { replicas: secret }));
  const { program } = await spool.once();
  const status = spool.status('intent-a.json');
  for (const text of [
    program.stderr,
    JSON.stringify(status),
    spool.read('failed', 'intent-a.json.error.log'),
  ]) {
    assert.ok(text.includes('hush'));
    assert.ok(!text.includes(secret.slice(0, 44)));
  }
});

test('a refused intent that is mended and dropped again runs', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor('', { replicas: -1 }));
  assert.equal((await spool.once()).exitCode, 8);
  spool.drop('intent-a.json', intentFor('', { replicas: 1 }));
  assert.equal((await spool.once()).exitCode, 0);
  assert.deepEqual(spool.list('processed'), ['intent-a.json']);
  assert.equal(spool.status('intent-a.json')?.status, 'success');
});

test('an intent is refused at once while porch is busy with others', async () => {
  await using spool = new Spool();
  spool.drop('intent-busy.json', intentFor('wait-for=go'));
  await spool.watch(['-max-workers', '1']);
  await spool.begun('intent-busy.json');
  spool.drop('intent-bad.json', intentFor('', { replicas: -1 }));
  await spool.filed('intent-bad.json', 'failed');
  assert.equal(spool.status('intent-busy.json'), null);
  spool.release('go');
  await spool.filed('intent-busy.json');
});
