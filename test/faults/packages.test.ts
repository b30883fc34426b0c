/** Programs that write one package at the same time take turns: none fails, and nothing is left. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { scaled } from './scale.ts';

const command = JSON.stringify(import.meta.resolve('../../src/cli/porch.ts'));

/** Runs the embedded porch so many times without a pause: its exit code, and what it complained of. */
async function write(intent: string, out: string, times: number) {
  const options = JSON.stringify({ intent, out, structured: true });
  const code = `
    import { porchCommand } from ${command};
    for (let i = 0; i < ${times}; i++) process.exitCode ||= await porchCommand(${options});`;
  const args = ['--input-type=module', '-e', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, said };
}

test('programs that replace one package without a pause all succeed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'packages-'));
  const out = join(dir, 'out');
  try {
    const intents = [1, 2, 3, 4].map((replicas) => {
      const path = join(dir, `intent-${replicas}.json`);
      writeFileSync(path, intentFor('', { replicas }));
      return path;
    });
    const times = scaled(100, 2000);
    const results = await Promise.all(intents.map((intent) => write(intent, out, times)));
    for (const result of results) assert.deepEqual(result, { exitCode: 0, said: '' });
    assert.deepEqual(readdirSync(join(out, 'default')), ['web']);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
