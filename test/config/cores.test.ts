import assert from 'node:assert/strict';
import { test } from 'node:test';
import { automaticWorkers, cgroupCores } from '../../src/config/cores.ts';

function files(content: Record<string, string>) {
  return (path: string) => content[path];
}

test('of nested version 2 groups the tightest counts', () => {
  const read = files({
    '/proc/self/cgroup': '0::/pods/one\n',
    '/sys/fs/cgroup/pods/one/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/pods/cpu.max': '250000 100000\n',
  });
  assert.equal(cgroupCores(read), 2.5);
});

test('a version 1 quota counts, and -1 is none', () => {
  const group = '/sys/fs/cgroup/cpu/docker/x';
  const proc = { '/proc/self/cgroup': '5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n' };
  const period = { [`${group}/cpu.cfs_period_us`]: '100000\n' };
  assert.equal(
    cgroupCores(files({ ...proc, ...period, [`${group}/cpu.cfs_quota_us`]: '150000\n' })),
    1.5,
  );
  assert.equal(
    cgroupCores(files({ ...proc, ...period, [`${group}/cpu.cfs_quota_us`]: '-1\n' })),
    Number.POSITIVE_INFINITY,
  );
});

test('no cgroup is no limit', () => {
  assert.equal(
    cgroupCores(() => undefined),
    Number.POSITIVE_INFINITY,
  );
  assert.equal(
    cgroupCores(files({ '/proc/self/cgroup': '0::/../..\n' })),
    Number.POSITIVE_INFINITY,
  );
});

test('half a core still has one worker', () => {
  const read = files({
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/cpu.max': '50000 100000\n',
  });
  assert.equal(automaticWorkers(read), 1);
});
