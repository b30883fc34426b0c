import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '../../src/config/error.ts';
import { loadSettings, type Sources } from '../../src/config/load.ts';
import { settingInfos } from '../../src/config/schema.ts';
import { flagOf, type SettingInfo, variableOf } from '../../src/config/setting.ts';

const directory = mkdtempSync(join(tmpdir(), 'conductor-config-'));
after(() => rmSync(directory, { recursive: true }));

let written = 0;

function file(content: unknown): string {
  const path = join(directory, `config-${written++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function load(sources: Partial<Sources>) {
  return loadSettings({ flags: {}, environment: {}, directory: '/work', ...sources });
}

function problemsOf(sources: Partial<Sources>): string {
  try {
    load(sources);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.lines.join('\n');
  }
  return assert.fail('expected a ConfigError');
}

function fixture(name: string): string {
  return join(import.meta.dirname, 'fixtures', name);
}

/** Some value of the setting that is not its default. */
function sample(info: SettingInfo): string {
  if (info.key === 'state_retention') return '2000h';
  if (info.isSwitch) return 'true';
  const samples: Record<string, string> = {
    DURATION: '29s',
    NUMBER: '7',
    SIZE: '5MB',
    'NAME,...': 'one,two',
  };
  return samples[info.placeholder] ?? info.placeholder.split('|').at(-1)?.toLowerCase() ?? '';
}

/** `{"retry": {"max_attempts": value}}` for `retry.max_attempts`. */
function nested(key: string, value: unknown): unknown {
  return key.split('.').reduceRight((inner: unknown, name) => ({ [name]: inner }), value);
}

for (const info of settingInfos) {
  test(`${info.key} has its names in flag, environment and file`, () => {
    const value = sample(info);
    const rowIn = (sources: Partial<Sources>) =>
      load(sources).rows.find((row) => row.key === info.key);
    const byDefault = rowIn({});
    const asFlag = rowIn({ flags: { [flagOf(info.key)]: value } });
    assert.equal(byDefault?.origin, 'default');
    assert.equal(asFlag?.origin, `flag --${info.flag}`);
    assert.notEqual(asFlag?.value, byDefault?.value);
    for (const key of [info.key, ...info.aliases]) {
      const inEnvironment = rowIn({ environment: { [variableOf(key)]: value } });
      assert.equal(inEnvironment?.origin, `environment ${variableOf(key)}`);
      assert.equal(inEnvironment?.value, asFlag?.value);
      for (const content of [nested(key, value), { [key]: value }]) {
        const path = file(content);
        const inFile = rowIn({ configPath: path });
        assert.equal(inFile?.origin, `file ${path}`);
        assert.equal(inFile?.value, asFlag?.value);
      }
    }
  });
}

test('flags beat the environment, which beats the file, which beats defaults', () => {
  const configPath = file({ period: '3s', debounce: '3s', settle_timeout: '3s' });
  const environment = { CONDUCTOR_DEBOUNCE: '4s', CONDUCTOR_SETTLE_TIMEOUT: '4s' };
  const { settings } = load({ configPath, environment, flags: { 'settle-timeout': '6s' } });
  assert.equal(settings.periodMs, 3000);
  assert.equal(settings.debounceMs, 4000);
  assert.equal(settings.settleTimeoutMs, 6000);
  assert.equal(settings.porchTimeoutMs, 30_000);
});

test('the environment may name the file, and the flag beats it', () => {
  const environment = { CONDUCTOR_CONFIG: file({ mode: 'structured' }) };
  assert.equal(load({ environment }).settings.mode, 'structured');
  assert.equal(load({ environment, configPath: file({}) }).settings.mode, 'direct');
});

test('the configuration of the operations guide loads, and says that metrics are not built', () => {
  const { settings, warnings } = load({ configPath: fixture('operations-guide.json') });
  assert.equal(settings.porch, '/usr/local/bin/porch');
  assert.equal(settings.mode, 'structured');
  assert.equal(settings.maxWorkers, 4);
  assert.equal(settings.debounceMs, 500);
  assert.equal(settings.cleanupAfterMs, 604_800_000);
  assert.equal(settings.failedCleanupAfterMs, 604_800_000);
  assert.equal(settings.http.enabled, true);
  assert.deepEqual(warnings, []);
});

test('the security section of the deployment guide loads, and what it switches on is warned of', () => {
  const { settings, warnings } = load({ configPath: fixture('deployment-security.json') });
  assert.equal(settings.maxFileSize, 10_485_760);
  const switchedOn = warnings.map((line) => /(security\.\S+) is true/.exec(line)?.[1]);
  assert.deepEqual(switchedOn, [
    'security.file_validation.scan_for_malware',
    'security.input_sanitization.enabled',
  ]);
});

test('what is not built and switched off, or left at its default, is not warned of', () => {
  const environment = {
    CONDUCTOR_AUDIT_ENABLED: 'false',
    CONDUCTOR_BATCH_PROCESSING_BATCH_SIZE: '10',
  };
  assert.deepEqual(load({ environment }).warnings, []);
  const { warnings } = load({ flags: { 'audit-enabled': 'true' } });
  assert.match(warnings.join(), /flag --audit-enabled: audit_enabled is true.*not built yet/);
});

test('file_handling and batch_processing load', () => {
  const tuning = load({ configPath: fixture('deployment-tuning.json') });
  assert.equal(tuning.settings.maxWorkers, 4);
  assert.equal(tuning.settings.debounceMs, 250);
  assert.deepEqual(tuning.warnings, []);
  const batches = load({ configPath: fixture('operations-batches.json') });
  assert.match(batches.warnings.join(), /batch_processing.enabled is true/);
});

test('the environment of the README loads', () => {
  const { settings, warnings } = load({
    environment: {
      CONDUCTOR_LOG_LEVEL: 'debug',
      CONDUCTOR_SECURITY_ENABLED: 'true',
      CONDUCTOR_MAX_FILE_SIZE: '10485760',
      CONDUCTOR_CHROOT_ENABLED: 'false',
      CONDUCTOR_ENCRYPTION_ENABLED: 'true',
      CONDUCTOR_AUDIT_ENABLED: 'true',
    },
  });
  assert.equal(settings.logLevel, 'debug');
  assert.equal(settings.maxFileSize, 10_485_760);
  const names = warnings.map((line) => /CONDUCTOR_\w+/.exec(line)?.[0]);
  assert.deepEqual(names, [
    'CONDUCTOR_SECURITY_ENABLED',
    'CONDUCTOR_ENCRYPTION_ENABLED',
    'CONDUCTOR_AUDIT_ENABLED',
  ]);
});

test('two names of one setting may agree but not differ', () => {
  assert.equal(load({ configPath: file({ porch: 'a', porch_path: 'a' }) }).settings.porch, 'a');
  const inFile = problemsOf({ configPath: file({ porch: 'a', porch_path: 'b' }) });
  assert.match(inFile, /key porch says "a".*key porch_path says "b"/);
  const environment = { CONDUCTOR_PORCH: 'a', CONDUCTOR_PORCH_PATH: 'b' };
  assert.match(
    problemsOf({ environment }),
    /CONDUCTOR_PORCH says "a".*CONDUCTOR_PORCH_PATH says "b"/,
  );
});

test('an unknown key is an error that suggests the nearest', () => {
  const configPath = file({ max_wokers: 3, retry: { max_atempts: 3 } });
  const problems = problemsOf({ configPath });
  assert.match(problems, /max_wokers is not a setting; did you mean max_workers\?/);
  assert.match(problems, /retry.max_atempts is not a setting; did you mean retry.max_attempts\?/);
  assert.match(problemsOf({ configPath: file({ retry: 3 }) }), /retry is a section.*retry\.max_/);
  assert.match(problemsOf({ configPath: file({ scaling_thresholds: {} }) }), /scaling_thresholds/);
});

test('every wrong value is named with its place, the value and what was expected', () => {
  const configPath = file({ debounce: 500, max_replicas: 'many', porch_env: ['A B'], once: {} });
  const problems = problemsOf({
    configPath,
    environment: { CONDUCTOR_MODE: 'strucured' },
    flags: { 'max-workers': '0' },
  }).split('\n');
  const expected = [
    /key debounce: 500 .*unit, such as 500ms/,
    /key max_replicas: "many" .*whole number from 0/,
    /key porch_env: \["A B"\] .*names with commas/,
    /key once: \{\} /,
    /environment CONDUCTOR_MODE: "strucured" .*direct or structured; did you mean structured\?/,
    /flag --max-workers: "0" .*auto or a whole number from 1 to 256/,
  ];
  assert.equal(problems.length, expected.length);
  for (const pattern of expected)
    assert.ok(
      problems.some((line) => pattern.test(line)),
      `${pattern}`,
    );
});

test('a timer that Node could not hold is refused', () => {
  assert.match(problemsOf({ flags: { period: '600h' } }), /at most 576h/);
});

test('an unknown CONDUCTOR_ variable is a warning with the nearest', () => {
  const { warnings } = load({ environment: { CONDUCTOR_MAX_WORKER: '3', OTHER: 'x' } });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /CONDUCTOR_MAX_WORKER .*did you mean CONDUCTOR_MAX_WORKERS\?/);
});

test('service links and what porch is given are ignored', () => {
  const { warnings, settings } = load({
    environment: {
      CONDUCTOR_LOOP_SERVICE_HOST: '10.0.0.1',
      CONDUCTOR_LOOP_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      CONDUCTOR_SERVICE_PORT: '80',
      CONDUCTOR_PORT: 'tcp://10.0.0.1:80',
      CONDUCTOR_METRICS_SERVICE_HOST: '10.0.0.2',
      CONDUCTOR_METRICS_PORT: 'tcp://10.0.0.2:9090',
      CONDUCTOR_METRICS_PORT_9090_TCP_ADDR: '10.0.0.2',
      CONDUCTOR_INTENT_FILE: 'intent-a.json',
      CONDUCTOR_INTENT_SHA256: 'ab',
      CONDUCTOR_CORRELATION_ID: 'c',
      CONDUCTOR_ATTEMPT: '1',
      CONDUCTOR_RUN_ID: 'r',
      CONDUCTOR_PORCH_FILE: 'porch.cmd',
      CONDUCTOR_OUT_DIR: 'out',
    },
  });
  assert.deepEqual(warnings, []);
  assert.equal(settings.http.metricsPort, 9090);
});

test('an empty variable counts as not set', () => {
  assert.equal(load({ environment: { CONDUCTOR_MODE: '' } }).settings.mode, 'direct');
});
