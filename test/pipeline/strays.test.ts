import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Strays } from '../../src/pipeline/strays.ts';

test('a run that is tried again is not ended for the try before', async () => {
  const strays = new Strays(() => {});
  strays.runBegins('life-1');
  strays.runEnded('life-1');
  strays.runBegins('life-1');
  const args = ['-e', 'process.stdout.write("here"); process.stdin.resume()'];
  const env = { CONDUCTOR_RUN_ID: 'life-1' };
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  strays.sweep();
  child.stdin.end();
  const [exitCode] = await once(child, 'exit');
  assert.equal(exitCode, 0);
});
