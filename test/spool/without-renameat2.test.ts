import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Runs the cases of claim and finish in a process of their own on a poorer system. */
function runCases(env: NodeJS.ProcessEnv, ...options: string[]) {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  return spawnSync(
    process.execPath,
    [
      ...['--import', here('no-renameat2.ts'), '--test', '--test-reporter=spec', ...options],
      ...['claim.test.ts', 'finish.test.ts', 'portable-cases.ts'].map(here),
    ],
    { encoding: 'utf8', env: { ...inherited, ...env } },
  );
}

test('nothing is replaced where only hard links keep from it', () => {
  const { status, stdout, stderr } = runCases({});
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /✔ a move that a crash left half done/);
});

test('nothing is replaced where hard links are forbidden too', () => {
  // There a file cannot be given back without a chance to replace a new one: it stays claimed.
  const env = { CONDUCTOR_TEST_NO_LINKS: '1' };
  const { status, stdout, stderr } = runCases(env, '--test-skip-pattern', 'given back');
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /✔ a place that a crash left reserved/);
});
