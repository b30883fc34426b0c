import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scaled } from './scale.ts';
import { forbidden } from './skip.ts';

const MINUTES = scaled(0.5, 10);

test(`a soak of ${MINUTES} minutes ends well`, () => {
  if (process.platform !== 'linux') {
    forbidden('soak', 'processes are measured by what /proc says');
    return;
  }
  const program = fileURLToPath(new URL('soak.ts', import.meta.url));
  const args = [program, String(MINUTES)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /^ *\d+ s {2}steady .*rss \d+ MB/m);
  assert.match(stdout, /^all is well$/m);
});
