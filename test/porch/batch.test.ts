import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchCommand, unfitForBatch } from '../../src/porch/batch.ts';
import { requireNoDevices } from '../../src/porch/builtin/plan.ts';
import type { PorchRequest } from '../../src/porch/types.ts';

const request = (changes: Partial<PorchRequest>): PorchRequest => ({
  porch: '/porch.cmd',
  mode: 'direct',
  intentPath: '/handoff/intent-a.json',
  outDir: '/out',
  timeoutMs: 1000,
  runId: 'run',
  attempt: 1,
  sha256: '',
  correlationId: '',
  porchEnv: [],
  ...changes,
});

const characters = (text: string) => Array.from(text);

test('a batch file is given names of letters, digits, dots, hyphens and underscores alone', () => {
  const fits = (name: string, porch = '/porch.cmd') =>
    unfitForBatch(request({ intentPath: `/a & b/%c%/${name}`, porch })) === null;
  assert.ok(fits('intent-A.b_c-9.json'));
  for (const character of characters('&|<>()^%!"\'`,;=~@#$*?{}[] \tä\u02ba\u01c0\uff02')) {
    assert.equal(fits(`intent-${character}.json`), false, character);
    assert.equal(fits(`intent-${character}.json`, '/PORCH.BAT'), false, character);
    assert.equal(fits(`intent-${character}.json`, '/porch.exe'), true, character);
  }
});

test('nothing that comes from outside is on the command line of a batch file', () => {
  const plain = batchCommand(request({}));
  const odd = request({ porch: '/p&q.cmd', outDir: '/o%x%', intentPath: '/i^!/intent-1.json' });
  const { line, environment } = batchCommand(odd);
  assert.equal(line, plain.line);
  assert.deepEqual(environment, {
    CONDUCTOR_PORCH_FILE: '/p&q.cmd',
    CONDUCTOR_INTENT_FILE: '/i^!/intent-1.json',
    CONDUCTOR_OUT_DIR: '/o%x%',
  });
  const structured = batchCommand(request({ mode: 'structured' }));
  assert.equal(structured.line, plain.line.replace(/"$/, ' -structured"'));
});

test('names of devices are no names of packages on Windows', () => {
  for (const name of ['con', 'nul', 'aux.web', 'com1', 'lpt9.x']) {
    assert.throws(() => requireNoDevices('default', name), /name of a device/, name);
    assert.throws(() => requireNoDevices(name, 'web'), /name of a device/, name);
  }
  requireNoDevices('console', 'nul-1', 'com', 'com10', 'web.con', 'lpt');
});
