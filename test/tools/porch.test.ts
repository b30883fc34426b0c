import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runPorch } from '../../src/porch/run.ts';
import { makeSetting } from '../porch/setting.ts';
import { readPorchLog } from './porch.ts';

test('the stand-in logs start and end of each run', async () => {
  using setting = makeSetting();
  assert.deepEqual(readPorchLog(setting.outDir), []);
  const request = setting.request('nothing special *', { attempt: 2, mode: 'structured' });
  const result = await runPorch(request).result;
  assert.equal(result.stdout, 'structured: intent-a.json\n');
  const { sha256, runId } = request;
  const common = { name: 'intent-a.json', sha256, attempt: 2, runId };
  assert.deepEqual(readPorchLog(setting.outDir), [
    { event: 'start', ...common, exitCode: null },
    { event: 'end', ...common, exitCode: 0 },
  ]);
});

test('the stand-in fails as often as it is told', async () => {
  using setting = makeSetting();
  const codes: (number | null)[] = [];
  for (const attempt of [1, 2, 3]) {
    const request = setting.request('fail-attempts=2 exit=75', { attempt });
    codes.push((await runPorch(request).result).exitCode);
  }
  assert.deepEqual(codes, [75, 75, 0]);
  assert.equal((await runPorch(setting.request('fail-attempts=1')).result).exitCode, 1);
});

test('the stand-in changes its intent, and fails without one', async () => {
  using setting = makeSetting();
  const request = setting.request('rewrite-intent');
  assert.equal((await runPorch(request).result).exitCode, 0);
  assert.equal(readFileSync(request.intentPath, 'utf8'), '{"rewritten":true}\n');
  setting.request('delete-intent');
  assert.equal((await runPorch(request).result).exitCode, 0);
  assert.equal(existsSync(request.intentPath), false);
  assert.equal((await runPorch(request).result).exitCode, 66);
});

test('the stand-in reads an intent of many lines, and waits for a file', async () => {
  using setting = makeSetting();
  const request = setting.request('');
  const text = '{\n  "replicas": 1,\n  "reason" : "wait-for=go exit=9",\n  "source": "user"\n}';
  writeFileSync(request.intentPath, text);
  const run = runPorch(request);
  writeFileSync(join(setting.outDir, 'go'), '');
  assert.equal((await run.result).exitCode, 9);
});
