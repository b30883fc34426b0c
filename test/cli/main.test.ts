import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';

const main = join(import.meta.dirname, '../../src/main.ts');
const root = mkdtempSync(join(tmpdir(), 'conductor-main-'));
after(() => rmSync(root, { recursive: true }));

function run(args: string[], environment: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [main, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: '/nowhere', ...environment },
  });
}

function assertRefused(result: SpawnSyncReturns<string>, pattern: RegExp): void {
  assert.match(result.stderr, pattern);
  for (const line of result.stderr.trimEnd().split('\n')) assert.match(line, /^conductor-loop: /);
  assert.equal(result.stdout, '');
  assert.equal(result.status, 1);
}

test('-version prints the version of package.json and the runtime', () => {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  const version = /"version": "([^"]+)"/.exec(text)?.[1];
  const result = run(['-version']);
  const runtime = `(node ${process.version}, ${process.platform} ${process.arch})`;
  assert.equal(result.stdout, `conductor-loop ${version} ${runtime}\n`);
  assert.equal(result.stderr, '');
  assert.equal(result.status, 0);
});

test('help in every spelling goes to standard output without colours', () => {
  for (const args of [['-help'], ['-h'], ['help']]) {
    const result = run(args);
    assert.match(result.stdout, /^conductor-loop watches a directory/);
    assert.ok(!result.stdout.includes('\x1b'));
    assert.equal(result.status, 0);
  }
});

test('a reader who stops reading is no error', async () => {
  const child = spawn(process.execPath, [main, '-help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const complaint = child.stderr.setEncoding('utf8').toArray();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.deepEqual(await complaint, []);
});

test('mistakes on the command line are one line each and exit 1', () => {
  assertRefused(run(['-handof', 'x']), /unknown flag -handof; did you mean -handoff\?/);
  assertRefused(run(['-debounce', '500']), /flag --debounce: "500" .*500ms/);
  assertRefused(run(['-mode=both', '-max-workers', 'x']), /--mode.*\n.*--max-workers/);
  assertRefused(run(['-config', 'none.json']), /none\.json cannot be read/);
  assertRefused(run(['help', 'me']), /no command "me"/);
  assertRefused(run([], { CONDUCTOR_PERIOD: 'x' }), /environment CONDUCTOR_PERIOD/);
});

test('a missing porch stops the start and says what to do', () => {
  assertRefused(run(['-once']), /porch not found.*\/nowhere.*-porch builtin/);
});

test('-validate-config prints every setting with its origin, and exits by its checks', () => {
  writeFileSync(join(root, 'c.json'), '{"period": "3s"}');
  const args = ['-validate-config', '-config=c.json', '-mode', 'structured'];
  const environment = { CONDUCTOR_AUDIT_ENABLED: 'true' };
  const good = run([...args, '-porch', 'builtin'], environment);
  assert.match(good.stdout, /^mode +structured +reload +flag --mode$/m);
  assert.match(good.stdout, /^period +3s +reload +file c\.json$/m);
  assert.match(
    good.stdout,
    /^audit_enabled +true +restart +environment CONDUCTOR_AUDIT_ENABLED \(not built/m,
  );
  assert.match(good.stdout, /^debounce +500ms +reload +default$/m);
  assert.match(good.stdout, /can be used/);
  assert.match(good.stderr, /^conductor-loop: warning: .*audit_enabled.*no effect\n$/);
  assert.equal(good.status, 0);
  const bad = run(args);
  assert.match(bad.stderr, /porch not found/);
  assert.equal(bad.status, 1);
});

test('each command has its page of help', () => {
  for (const name of ['status', 'top', 'health', 'show', 'retry', 'validate', 'porch']) {
    const result = run(['help', name]);
    assert.equal(result.status, 0, result.stderr);
    assert.ok(result.stdout.startsWith(`conductor-loop ${name} `), result.stdout);
    assert.match(result.stdout, /^Exit codes$/m);
    for (const line of result.stdout.split('\n')) assert.ok(line.length <= 80, line);
  }
});
