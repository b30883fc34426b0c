import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { problemOf } from '../../deploy/prometheus/local.ts';
import { forbidden } from '../faults/skip.ts';

const script = fileURLToPath(new URL('../../deploy/prometheus/try.ts', import.meta.url));

test('npm run monitor shows a failure as it happens', async () => {
  const problem = problemOf('prometheus');
  if (problem !== null) {
    forbidden('npm run monitor', problem);
    return;
  }
  const child = spawn(process.execPath, [script, '--once'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output);
  assert.match(output, /firing +SecurityIncidentDetected: .*unsafe_file/);
  assert.match(output, /pending +ConductorLoopHighFailureRate: \d/);
  assert.match(output, /Failure ratio +worst instance +\d/);
  assert.match(output, /Errors by code +E014 +\d/);
});
