import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

test('files are found in the same way where there is no way to the C library', () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const files = ['entries.test.ts', 'looker.test.ts'];
  for (const name of ['intake', 'intake-trouble', 'survey']) files.push(`../spool/${name}.test.ts`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...['--import', here('../spool/no-renameat2.ts'), '--test', '--test-reporter=spec'],
      ...files.map(here),
    ],
    { encoding: 'utf8', env },
  );
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /statx gives each kind .*# SKIP/);
});
