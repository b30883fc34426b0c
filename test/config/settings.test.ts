import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';

function settingsOf(
  flags: Record<string, string>,
  environment: Record<string, string> = {},
  directory = resolve('/srv'),
) {
  return loadSettings({ flags, environment, directory }).settings;
}

test('paths are absolute, and only a porch with a slash is a path', () => {
  const settings = settingsOf({ handoff: 'in', out: '../out', porch: './porch' });
  assert.equal(settings.handoff, resolve('/srv/in'));
  assert.equal(settings.out, resolve('/out'));
  assert.equal(settings.porch, resolve('/srv/porch'));
  assert.equal(settingsOf({}).porch, 'porch');
  assert.equal(settingsOf({ porch: 'builtin' }).porch, 'builtin');
});

test('the instance is what is given, else POD_NAME, else the host, fit for a file name', () => {
  assert.equal(settingsOf({ instance: 'a.b_c-1' }, { POD_NAME: 'pod' }).instance, 'a.b_c-1');
  assert.equal(settingsOf({}, { POD_NAME: 'pod-7' }).instance, 'pod-7');
  assert.equal(settingsOf({}, { POD_NAME: '../../Ä/b' }).instance, 'b');
  assert.equal(settingsOf({}, { POD_NAME: 'x'.repeat(100) }).instance.length, 63);
  assert.equal(settingsOf({}, { POD_NAME: '..' }).instance, 'conductor-loop');
  assert.ok(settingsOf({}).instance.startsWith(hostname().slice(0, 1).replace(/[.-]/, '')));
  for (const instance of ['..', 'a/b', '-a', 'x'.repeat(64)]) {
    assert.throws(() => settingsOf({ instance }), /at most 63 letters/);
  }
});

test('state_retention gives way as a default and is refused as a wish', () => {
  const days = 24 * 3_600_000;
  assert.equal(settingsOf({}).stateRetentionMs, 30 * days);
  assert.equal(settingsOf({ 'cleanup-after': '960h' }).stateRetentionMs, 40 * days);
  assert.equal(settingsOf({ 'failed-cleanup-after': '960h' }).stateRetentionMs, 40 * days);
  assert.throws(
    () => settingsOf({ 'cleanup-after': '960h', 'state-retention': '720h' }),
    /state_retention \(720h\) is shorter than files are kept \(960h\)/,
  );
});

test('failed files are kept as long as processed ones unless said otherwise', () => {
  assert.equal(settingsOf({ 'cleanup-after': '2h' }).failedCleanupAfterMs, 7_200_000);
  const apart = settingsOf({ 'cleanup-after': '2h', 'failed-cleanup-after': '0' });
  assert.equal(apart.failedCleanupAfterMs, 0);
  assert.equal(apart.cleanupAfterMs, 7_200_000);
});

test('a first delay longer than the longest is refused', () => {
  assert.throws(() => settingsOf({ 'retry-initial-delay': '31s' }), /retry.initial_delay \(31s\)/);
});

test('the ports open in Kubernetes, with metrics_enabled or on request, and never against it', () => {
  const kubernetes = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
  assert.equal(settingsOf({}).http.enabled, false);
  assert.equal(settingsOf({}).http.bindAddress, '127.0.0.1');
  assert.equal(settingsOf({}, kubernetes).http.enabled, true);
  assert.equal(settingsOf({}, kubernetes).http.bindAddress, '0.0.0.0');
  assert.equal(settingsOf({ http: 'false' }, kubernetes).http.enabled, false);
  assert.equal(settingsOf({ 'metrics-enabled': 'true' }).http.enabled, true);
});

test('a number of workers is itself, and auto is at least one', () => {
  assert.equal(settingsOf({ 'max-workers': '40' }).maxWorkers, 40);
  const automatic = settingsOf({ 'max-workers': 'auto' }).maxWorkers;
  assert.ok(automatic >= 1 && automatic <= 16);
});
