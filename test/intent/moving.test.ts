import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkFile } from '../../src/intent/read.ts';
import type { CheckResult } from '../../src/intent/types.ts';
import { intentText, limits } from './helpers.ts';

const directory = fs.mkdtempSync(join(os.tmpdir(), 'moving-test-'));
after(() => fs.rmSync(directory, { recursive: true }));

/** Checks `path` again and again while another process does `step` to it in a loop. */
async function checkWhile(path: string, step: string): Promise<CheckResult[]> {
  const code = `const fs = require('node:fs'); const path = process.argv[1]; const n = { i: 0 };
    const text = (i) => fs.readFileSync(path + '.' + (i % 2));
    fs.writeSync(1, 'ready');
    for (;;) { n.i++; const i = n.i; ${step} }`;
  const child = spawn(process.execPath, ['-e', code, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const results: CheckResult[] = [];
  try {
    for (let i = 0; i < 3000; i++) results.push(checkFile(path, limits));
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  return results;
}

function shaOf(path: string): string {
  const result = checkFile(path, limits);
  assert.equal(result.kind, 'accepted');
  return result.intent.sha256;
}

describe('checkFile, while another process', () => {
  it('rewrites the file in place, takes it whole or says that it may pass', async () => {
    const path = join(directory, 'intent-a.json');
    fs.writeFileSync(path, '');
    fs.writeFileSync(`${path}.0`, intentText({ reason: 'a'.repeat(500) }));
    fs.writeFileSync(`${path}.1`, intentText({ reason: 'b'.repeat(300) }));
    const whole = [shaOf(`${path}.0`), shaOf(`${path}.1`)];
    const step =
      'const t = text(i); fs.writeFileSync(path, t.subarray(0, 200)); fs.writeFileSync(path, t);';
    for (const result of await checkWhile(path, step)) {
      if (result.kind === 'accepted') assert.ok(whole.includes(result.intent.sha256));
      else assert.ok(result.kind === 'refused' && result.refusal.mayPass, JSON.stringify(result));
    }
  });

  it('lets the file grow without end, comes back', async () => {
    const path = join(directory, 'intent-b.json');
    fs.writeFileSync(path, '{');
    const step =
      "fs.appendFileSync(path, ' '.repeat(5000)); if (i % 4000 === 0) fs.truncateSync(path, 1);";
    for (const result of await checkWhile(path, step)) {
      assert.ok(result.kind === 'refused', JSON.stringify(result));
      assert.match(result.refusal.code, /^E00[12]$/);
    }
  });

  it('puts links and FIFOs in its place, neither follows nor waits', async () => {
    const path = join(directory, 'intent-c.json');
    fs.writeFileSync(path, intentText());
    fs.writeFileSync(`${path}.secret`, intentText({ target: 'secret' }));
    spawnSync('mkfifo', [`${path}.fifo`]);
    const step = `const made = path + '.new';
      if (i % 3 === 0) fs.symlinkSync(path + '.secret', made);
      else if (i % 3 === 1) { fs.renameSync(path + '.fifo', path); fs.renameSync(path, path + '.fifo'); }
      else fs.writeFileSync(made, ${JSON.stringify(intentText())});
      if (i % 3 !== 1) fs.renameSync(made, path);`;
    for (const result of await checkWhile(path, step)) {
      if (result.kind === 'accepted') assert.equal(result.intent.target, 'cnf-simulator');
      else if (result.kind === 'refused') assert.match(result.refusal.code, /^E0(01|14)$/);
      else assert.equal(result.kind, 'gone');
    }
  });
});
