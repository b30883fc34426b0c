import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as z from 'zod';
import { oldPath } from '../../src/porch/builtin/names.ts';
import { runBuiltin } from '../../src/porch/builtin/run.ts';
import { filesIn, outDirectory } from './builtin-support.ts';

const limits = { maxFileSize: 10 * 1024 * 1024, maxReplicas: 100, systemNamespaces: [] };
const base = {
  intent_type: 'scaling',
  target: 'cnf-simulator',
  namespace: 'oran-sim',
  replicas: 3,
};

const structured = z.strictObject({
  status: z.literal('success'),
  package_name: z.string(),
  deployment: z.strictObject({
    namespace: z.string(),
    name: z.string(),
    previous_replicas: z.int().nullable(),
    new_replicas: z.int(),
  }),
  timestamp: z.iso.datetime(),
  duration: z.string().regex(/^[\d.]+(ms|s)$/),
});

let written = 0;

/** Writes an intent beside OUT and gives the request for it. */
function request(out: string, intent: object, mode: 'direct' | 'structured' = 'structured') {
  written += 1;
  const intentPath = join(out, `intent-${written}.json`);
  writeFileSync(intentPath, JSON.stringify({ ...base, ...intent }));
  return { intentPath, outDir: join(out, 'packages'), mode };
}

const run = (out: string, ...intents: object[]) =>
  runBuiltin(
    intents.map((intent) => request(out, intent)),
    limits,
  );

const reported = (result: { stdout: string } | undefined) =>
  structured.parse(JSON.parse(result?.stdout ?? ''));

test('the package is written where its name says, and reported', (context) => {
  const out = outDirectory(context);
  const [first] = runBuiltin([request(out, {}, 'direct')], limits);
  const dir = join(out, 'packages', 'oran-sim', 'cnf-simulator');
  assert.deepEqual(
    { ...first, durationMs: 0 },
    {
      exitCode: 0,
      signal: null,
      startError: null,
      timedOut: false,
      cancelled: false,
      replaced: false,
      stdout: `Package successfully created: cnf-simulator (${dir})\n`,
      stderr: '',
      durationMs: 0,
    },
  );
  assert.deepEqual(Object.keys(filesIn(dir)).sort(), [
    'Kptfile',
    'README.md',
    'kustomization.yaml',
    'scaling-patch.yaml',
  ]);
  const [second] = run(out, { replicas: 7 });
  assert.match(second?.stdout ?? '', /^\{[^\n]*\}\n$/);
  const { timestamp, duration, ...rest } = reported(second);
  assert.ok(timestamp && duration);
  assert.deepEqual(rest, {
    status: 'success',
    package_name: 'cnf-simulator',
    deployment: {
      namespace: 'oran-sim',
      name: 'cnf-simulator',
      previous_replicas: 3,
      new_replicas: 7,
    },
  });
});

test('two runs of one intent write the same bytes, and the type decides the files', (context) => {
  const out = outDirectory(context);
  const other = outDirectory(context);
  const intent = {
    reason: 'r: {{x}}',
    description: '@d',
    intent_type: 'configuration',
    metadata: { a: 1 },
  };
  run(out, { intent_type: 'scaling' });
  for (const each of [out, other]) assert.equal(run(each, intent)[0]?.exitCode, 0);
  const place = ['packages', 'oran-sim', 'cnf-simulator'] as const;
  assert.deepEqual(filesIn(join(out, ...place)), filesIn(join(other, ...place)));
  assert.ok(!existsSync(join(out, ...place, 'scaling-patch.yaml')));
});

test('previous_replicas is null where the package cannot tell', (context) => {
  const out = outDirectory(context);
  const kptfile = join(out, 'packages', 'oran-sim', 'cnf-simulator', 'Kptfile');
  assert.equal(reported(run(out, {})[0]).deployment.previous_replicas, null);
  for (const damage of ['', ': : :', '[1, 2]', 'a: &a [*a]', 'x'.repeat(1_000_000), '\u0000']) {
    writeFileSync(kptfile, damage);
    assert.equal(reported(run(out, {})[0]).deployment.previous_replicas, null, damage.slice(0, 20));
  }
  assert.equal(reported(run(out, {})[0]).deployment.previous_replicas, 3);
});

test('an interrupted replacement is ended by the next run for that package', (context) => {
  const out = outDirectory(context);
  run(out, { replicas: 9 });
  const dir = join(out, 'packages', 'oran-sim', 'cnf-simulator');
  renameSync(dir, oldPath(dir));
  assert.equal(reported(run(out, {})[0]).deployment.previous_replicas, 9);
  mkdirSync(oldPath(dir));
  writeFileSync(join(oldPath(dir), 'Kptfile'), 'damaged, and superseded');
  assert.equal(reported(run(out, {})[0]).deployment.previous_replicas, 3);
  assert.deepEqual(readdirSync(join(dir, '..')), ['cnf-simulator']);
});

test('kpt_package_name names the package; one that is no DNS label fails', (context) => {
  const out = outDirectory(context);
  const named = (kpt_package_name: string) => ({ constraints: { kpt_package_name } });
  assert.equal(reported(run(out, named('scale-it'))[0]).package_name, 'scale-it');
  assert.ok(existsSync(join(out, 'packages', 'oran-sim', 'scale-it', 'Kptfile')));
  for (const bad of [
    '../up',
    '..',
    '',
    'UPPER',
    'a/b',
    '.hidden',
    'x'.repeat(64),
    'a.b',
    'end-',
    'a\nb',
  ]) {
    const [result] = run(out, named(bad));
    assert.equal(result?.exitCode, 1, bad);
    assert.match(
      result?.stderr ?? '',
      /^porch: constraints\.kpt_package_name .* is not a DNS label[^\n]*\n$/,
    );
  }
  assert.deepEqual(readdirSync(join(out, 'packages', 'oran-sim')), ['scale-it']);
});

test('a package belongs to one target: the first keeps it, in a batch and later', (context) => {
  const out = outDirectory(context);
  const shared = { constraints: { kpt_package_name: 'shared' } };
  const first = run(
    out,
    { ...shared, target: 'one' },
    { ...shared, target: 'two' },
    { target: 'three' },
  );
  assert.deepEqual(
    first.map((result) => result.exitCode),
    [0, 1, 0],
  );
  assert.match(first[1]?.stderr ?? '', /shared is the package of oran-sim\/one/);
  const [later] = run(out, { target: 'shared' });
  assert.equal(later?.exitCode, 1);
  assert.match(later?.stderr ?? '', /is the package of oran-sim\/one/);
  const again = run(out, { ...shared, target: 'one' }, { ...shared, namespace: 'elsewhere' });
  assert.deepEqual(
    again.map((result) => result.exitCode),
    [0, 0],
  );
});

test("somebody's own files are not replaced, and links not followed", (context) => {
  const out = outDirectory(context);
  const own = join(out, 'packages', 'oran-sim', 'mine');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'values.yaml'), 'a: 1');
  symlinkSync(own, join(out, 'packages', 'oran-sim', 'linked'));
  symlinkSync(join(out, 'packages', 'oran-sim'), join(out, 'packages', 'elsewhere'));
  const results = run(out, { target: 'mine' }, { target: 'linked' }, { namespace: 'elsewhere' });
  assert.deepEqual(
    results.map((result) => result.exitCode),
    [1, 1, 1],
  );
  assert.match(results[0]?.stderr ?? '', /was not written by conductor-loop/);
  assert.match(results[1]?.stderr ?? '', /linked is a symbolic link/);
  assert.match(results[2]?.stderr ?? '', /elsewhere is a symbolic link/);
  assert.deepEqual(filesIn(own), { 'values.yaml': 'a: 1' });
  assert.deepEqual(readdirSync(join(own, '..')).sort(), ['linked', 'mine']);
});

test('an intent that is refused, gone or unreadable takes no other with it', (context) => {
  const out = outDirectory(context);
  const gone = { ...request(out, {}), intentPath: join(out, 'intent-gone.json') };
  const results = runBuiltin([request(out, { replicas: 101 }), gone, request(out, {})], limits);
  assert.deepEqual(
    results.map((result) => result.exitCode),
    [1, 1, 0],
  );
  assert.match(results[0]?.stderr ?? '', /^porch: intent refused: E003 schema: .*replicas/);
  assert.match(results[1]?.stderr ?? '', /intent-gone\.json: no such file/);
});

test('the longest names fit', (context) => {
  const out = outDirectory(context);
  const target = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
  for (const previous of [null, 3]) {
    const [result] = run(out, { target, namespace: 'n'.repeat(63) });
    assert.equal(reported(result).deployment.previous_replicas, previous);
  }
});

test('a path that is too long is the fault of the intent', {
  skip: process.platform !== 'linux',
}, (context) => {
  const out = outDirectory(context);
  const outDir = join(out, ...Array<string>(15).fill('d'.repeat(250)));
  mkdirSync(outDir, { recursive: true });
  const long = { target: 't'.repeat(253), namespace: 'n'.repeat(63) };
  const requests = [{}, long].map((intent) => ({ ...request(out, intent), outDir }));
  assert.deepEqual(
    runBuiltin(requests, limits).map((result) => result.exitCode),
    [0, 1],
  );
});

test('a disk that refuses is no fault of the intent', (context) => {
  const out = outDirectory(context);
  const missing = { ...request(out, {}), outDir: join(out, 'no', 'such', 'place') };
  const [result] = runBuiltin([missing], limits);
  assert.equal(result?.exitCode, null);
  assert.equal(result?.startError?.errno, 'ENOENT');
  assert.match(result?.startError?.message ?? '', /no\/such\/place/);
});

const main = JSON.stringify(new URL('../../src/cli/porch.ts', import.meta.url).href);

/** Arguments of Node for `conductor-loop porch`, several times one after the other. */
function program(intent: string, out: string, times = 1): string[] {
  const options = JSON.stringify({ intent, out, structured: true });
  const code = `
    import { porchCommand } from ${main};
    for (let i = 0; i < ${times}; i += 1) process.exitCode ||= await porchCommand(${options});`;
  return ['--input-type=module', '-e', code];
}

test('as a program: exit 0, 1 and 75, with its words where they belong', {
  skip: process.platform === 'win32',
}, (context) => {
  const out = outDirectory(context);
  const { intentPath, outDir } = request(out, {});
  chmodSync(out, 0o755);
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const call = (intent: string, where: string, options: object = {}) =>
    spawnSync(process.execPath, program(intent, where), { encoding: 'utf8', ...options });

  const good = call(intentPath, outDir);
  assert.equal(good.status, 0, good.stderr);
  assert.equal(reported(good).deployment.new_replicas, 3);
  assert.equal(good.stderr, '');

  const bad = call(request(out, { replicas: -1 }).intentPath, outDir);
  assert.equal(bad.status, 1);
  assert.equal(bad.stdout, '');
  assert.match(bad.stderr, /^porch: intent refused: E003/);

  const noPlace = call(intentPath, join(out, 'no', 'such'));
  assert.equal(noPlace.status, 1);
  assert.match(noPlace.stderr, /-out .*no directory/);

  chmodSync(outDir, 0o555);
  const refused = call(request(out, { namespace: 'other' }).intentPath, outDir, nobody);
  assert.equal(refused.status, 75, refused.stderr);
  assert.equal(refused.stdout, '');
  assert.match(refused.stderr, /porch: cannot write the package .*EACCES/);
});

test('programs at the same time, for one target and for several, all succeed', async (context) => {
  const out = outDirectory(context);
  const intents = [
    { replicas: 1 },
    { replicas: 2 },
    { replicas: 4 },
    { target: 'other', replicas: 8 },
  ];
  const times = 15;
  const children = intents.map((intent) => {
    const { intentPath, outDir } = request(out, intent);
    const child = spawn(process.execPath, program(intentPath, outDir, times));
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    return once(child, 'close').then(([code]) => ({ code, ...output }));
  });
  for (const { code, stdout, stderr } of await Promise.all(children)) {
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trimEnd().split('\n').length, times);
  }
  const namespaceDir = join(out, 'packages', 'oran-sim');
  assert.deepEqual(readdirSync(namespaceDir).sort(), ['cnf-simulator', 'other']);
  assert.equal(reported(run(out, { target: 'other' })[0]).deployment.previous_replicas, 8);
  const { previous_replicas } = reported(run(out, {})[0]).deployment;
  assert.ok([1, 2, 4].includes(previous_replicas ?? 0));
});
