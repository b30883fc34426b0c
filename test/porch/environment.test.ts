import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { porchEnvironment } from '../../src/porch/environment.ts';
import { makeSetting } from './setting.ts';

const passed = {
  PATH: '/usr/bin:/bin',
  HOME: '/home/me',
  USER: 'me',
  LANG: 'C.UTF-8',
  LC_ALL: 'C',
  LC_TIME: 'de_DE',
  TZ: 'UTC',
  TMPDIR: '/tmp',
  KUBECONFIG: './kube config',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  KUBERNETES_PORT: 'tcp://10.0.0.1',
  HTTP_PROXY: 'a',
  HTTPS_PROXY: 'b',
  NO_PROXY: 'c',
  http_proxy: 'd',
  https_proxy: 'e',
  no_proxy: 'f',
  SSL_CERT_FILE: '/f',
  SSL_CERT_DIR: '/d',
};

const keptBack = {
  LD_PRELOAD: '/x',
  NODE_OPTIONS: '--x',
  AWS_SECRET_ACCESS_KEY: 'x',
  SHELL: '/bin/sh',
  PWD: '/',
  LOGNAME: 'me',
  LANGUAGE: 'de',
  MYPATH: 'x',
  PATHEXT: '.EXE',
  TEMP: '/x',
  ALL_PROXY: 'x',
  Http_Proxy: 'x',
  KUBERNETES: 'x',
  CONDUCTOR_HANDOFF: './in',
  CONDUCTOR_RUN_ID: 'inherited',
  lc_all: 'x',
};

test('porch gets the short environment and nothing else', () => {
  using setting = makeSetting();
  const request = setting.request('', { porchEnv: ['EXTRA', 'ABSENT', 'CONDUCTOR_ATTEMPT'] });
  const base = {
    ...passed,
    ...keptBack,
    EXTRA: 'line\none',
    CONDUCTOR_ATTEMPT: '9',
    GONE: undefined,
  };
  assert.deepEqual(porchEnvironment(request, base), {
    ...passed,
    EXTRA: 'line\none',
    CONDUCTOR_INTENT_FILE: request.intentPath,
    CONDUCTOR_INTENT_SHA256: request.sha256,
    CONDUCTOR_CORRELATION_ID: 'corr-1',
    CONDUCTOR_ATTEMPT: '1',
    CONDUCTOR_RUN_ID: request.runId,
  });
});

test('a real porch sees exactly that', () => {
  using setting = makeSetting();
  const request = setting.request('env', { porchEnv: ['EXTRA'] });
  const program = `
    import { runPorch } from ${JSON.stringify(import.meta.resolve('../../src/porch/run.ts'))};
    const result = await runPorch(${JSON.stringify(request)}).result;
    process.exitCode = result.exitCode ?? 99;`;
  const environment = { ...passed, ...keptBack, EXTRA: 'line\none' };
  execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...environment, LD_PRELOAD: '', NODE_OPTIONS: '' },
  });
  const dump = readFileSync(join(setting.outDir, 'intent-a.json.env'), 'utf8');
  const seen = dump.split('\0').filter((entry) => entry !== '');
  const expected = porchEnvironment(request, environment);
  assert.deepEqual(
    seen.sort(),
    Object.entries(expected)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
  );
});
