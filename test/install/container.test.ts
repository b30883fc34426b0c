import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { forbidden } from '../faults/skip.ts';
import { until } from '../tools/until.ts';
import { Container } from './container.ts';
import { booting, bootProblem, debianTree } from './debian.ts';

const fromHere = (name: string) => new URL(name, import.meta.url).href;

/** Starts one, says which process is its first, and has no occasion to end it. */
const starter = `
const { Container } = await import('${fromHere('container.ts')}');
const { booting, debianTree } = await import('${fromHere('debian.ts')}');
const container = await Container.start(debianTree(booting), ['--as-pid2', 'sleep', 'infinity']);
console.log(container.pid);
`;

test('a container ends with whoever started it, also where that one is killed', async (t) => {
  const problem = bootProblem();
  if (problem !== null) return forbidden(t.name, problem);
  try {
    await using container = await Container.start(debianTree(booting), [
      '--as-pid2',
      'sleep',
      'infinity',
    ]);
    assert.ok(container.pid > 0);
  } catch (error) {
    return forbidden(t.name, String(error));
  }
  const started = spawn(process.execPath, ['--input-type=module', '-e', starter], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(started.stdout, 'data');
  const pid = Number(line);
  assert.ok(existsSync(`/proc/${pid}`));
  started.kill('SIGKILL');
  await until(() => !existsSync(`/proc/${pid}`));
});
