import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forbidden } from '../faults/skip.ts';
import { isPackaged } from '../tools/packaged.ts';

const file = 'conductor-loop-linux-arm64';
const binary = fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));
const emulator = 'qemu-aarch64-static';

/** Where Debian's packages for cross-compiling put the libraries that the binary is linked with. */
const libraries = '/usr/aarch64-linux-gnu';

/** What is missing for running it; null where nothing is. A machine of its kind needs no emulator. */
function problem(): string | null {
  if (process.platform !== 'linux') return 'only Linux runs it';
  if (!isPackaged(file)) return `dist/${file} is not there or old: npm run package -- --all`;
  if (process.arch === 'arm64') return null;
  if (spawnSync(emulator, ['--version']).error) return `${emulator} is not installed`;
  const missing = ['libc.so.6', 'libstdc++.so.6', 'libatomic.so.1'].find(
    (name) => !existsSync(join(libraries, 'lib', name)),
  );
  return missing === undefined ? null : `${libraries}/lib/${missing} is not there`;
}

const command = process.arch === 'arm64' ? [] : [emulator, '-L', libraries];

/** Runs the binary in a directory. */
function run(cwd: string, args: readonly string[]) {
  const [program = '', ...rest] = [...command, binary, ...args];
  return spawnSync(program, rest, { cwd, encoding: 'utf8', timeout: 120_000 });
}

test('the binary for arm64 starts and works off a spool', (t) => {
  const missing = problem();
  if (missing !== null) return forbidden(t.name, missing);
  const directory = mkdtempSync(join(tmpdir(), 'conductor-arm64-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const version = run(directory, ['-version']);
  assert.match(version.stdout, /^conductor-loop \S+ \(node v26\.\S+, linux arm64\)\n$/);
  assert.equal(version.status, 0, version.stderr);

  mkdirSync(join(directory, 'handoff'));
  const intent = { intent_type: 'scaling', target: 'upf', namespace: 'core', replicas: 2 };
  writeFileSync(join(directory, 'handoff/intent-good.json'), JSON.stringify(intent));
  const bad = JSON.stringify({ ...intent, replicas: -1 });
  writeFileSync(join(directory, 'handoff/intent-bad.json'), bad);
  const { status, stderr } = run(directory, ['-once', '-porch', 'builtin']);
  assert.equal(status, 8, stderr);
  for (const name of ['handoff/processed/intent-good.json', 'out/core/upf/Kptfile']) {
    assert.ok(existsSync(join(directory, name)), name);
  }
  assert.ok(existsSync(join(directory, 'handoff/failed/intent-bad.json.error.log')));
});
