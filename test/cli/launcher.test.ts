import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { transformSync } from 'esbuild';
import { forbidden } from '../faults/skip.ts';
import { oldNode as oldNodeOfSystem } from '../tools/old-node.ts';

const launcher = join(import.meta.dirname, '../../bin/conductor-loop.cjs');
const root = mkdtempSync(join(tmpdir(), 'conductor-launcher-'));
after(() => rmSync(root, { recursive: true }));

// A package of its own with a program that shows what it is given, and no pinned runtime.
const copy = join(root, 'bin/conductor-loop.cjs');
mkdirSync(join(root, 'bin'));
mkdirSync(join(root, 'dist'));
copyFileSync(launcher, copy);
writeFileSync(
  join(root, 'dist/conductor-loop.cjs'),
  `const [what, ...rest] = process.argv.slice(2);
if (what === 'exit') process.exitCode = Number(rest[0]);
if (what === 'kill') process.kill(process.pid, rest[0]);
if (what === 'wait') {
  process.on('SIGTERM', () => process.exit(42));
  // Ends with whoever holds the other end, so that a failing test leaves nothing running.
  process.stdin.resume().on('end', () => process.exit(1));
}
if (what === 'read') process.stdin.pipe(process.stdout);
console.log(JSON.stringify(process.argv.slice(2)));
`,
);

/** A file that is loaded before the launcher and makes its surroundings what a test needs. */
function preload(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

const noExecve = preload('no-execve.cjs', 'process.execve = undefined;');
const oldNode = preload(
  'old-node.cjs',
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });`,
);
const musl = preload('musl.cjs', 'process.report.getReport = () => ({ header: {} });');

function start(preloads: string[], args: string[], input = ''): ReturnType<typeof spawnSync> {
  const required = preloads.flatMap((path) => ['-r', path]);
  return spawnSync(process.execPath, [...required, copy, ...args], { encoding: 'utf8', input });
}

test('the launcher needs nothing newer than Node 18', () => {
  const text = readFileSync(launcher, 'utf8');
  const lowered = transformSync(text, { target: 'node18' }).code;
  assert.equal(lowered, transformSync(text, { target: 'esnext' }).code);
});

for (const [name, preloads] of [
  ['execve', []],
  ['a child process', [noExecve]],
] as const) {
  test(`arguments, input and exit code pass through ${name}`, () => {
    const result = start([...preloads], ['exit', '7', 'a b', '']);
    assert.equal(result.stdout, '["exit","7","a b",""]\n');
    assert.equal(result.stderr, '');
    assert.equal(result.status, 7);
    assert.match(String(start([...preloads], ['read'], 'typed').stdout), /typed/);
  });

  test(`a signal reaches the program through ${name}`, async (t) => {
    const required = preloads.flatMap((path) => ['-r', path]);
    const child: ChildProcess = spawn(process.execPath, [...required, copy, 'wait'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.after(() => {
      child.stdin?.destroy();
      child.kill('SIGKILL');
    });
    const patience = AbortSignal.timeout(60_000);
    assert.ok(child.stdout);
    await once(child.stdout, 'data', { signal: patience });
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit', { signal: patience }), [42, null]);
  });
}

test('a program that a signal ended is told as 128 and the signal', () => {
  assert.equal(start([noExecve], ['kill', 'SIGKILL']).status, 137);
});

test('without a runtime it says how to get one', () => {
  const result = start([oldNode], ['exit', '0']);
  assert.match(String(result.stderr), /needs Node\.js 26.*\n.*npm ci .*--omit=optional/);
  assert.equal(result.stdout, '');
  assert.equal(result.status, 1);
});

test('on musl it names musl as the reason', { skip: process.platform !== 'linux' }, () => {
  assert.match(String(start([oldNode, musl], []).stderr), /needs glibc.*musl/);
});

test('for a processor that no runtime comes for it says what to install', () => {
  const riscv = preload(
    'riscv.cjs',
    `Object.defineProperty(process, 'arch', { value: 'riscv64' });`,
  );
  const result = start([oldNode, riscv], []);
  assert.match(
    String(result.stderr),
    /no runtime comes with it for \w+ riscv64; install Node\.js 26\n$/,
  );
  assert.equal(result.status, 1);
});

test('a Node that reads TypeScript and is too old is refused by the source', () => {
  const main = join(import.meta.dirname, '../../src/main.ts');
  const result = spawnSync(process.execPath, ['-r', oldNode, main, '-version'], {
    encoding: 'utf8',
  });
  assert.match(
    result.stderr,
    /^conductor-loop: needs Node\.js 26 .*bin\/conductor-loop\.cjs, .*\n$/,
  );
  assert.deepEqual([result.status, result.stdout], [1, '']);
});

test('the older Node of the system starts it, and without the pinned one says why not', (t) => {
  const node = oldNodeOfSystem();
  if (node === null) return forbidden(t.name, 'there is no Node.js before 26 in PATH');
  const good = spawnSync(node, [launcher, '-version'], { encoding: 'utf8' });
  assert.match(good.stdout, /^conductor-loop \d+\.\d+\.\d+ \(node v26\./, good.stderr);
  const alone = spawnSync(node, [copy, '-version'], { encoding: 'utf8' });
  assert.match(alone.stderr, /^conductor-loop: needs Node\.js 26 or later, and this is v\d+/);
  assert.equal(alone.status, 1);
});

test('the pinned runtime is found for this platform', () => {
  const result = spawnSync(process.execPath, ['-r', oldNode, launcher, '-version'], {
    encoding: 'utf8',
  });
  assert.match(result.stdout, /^conductor-loop \d+\.\d+\.\d+ \(node v26\./);
});
