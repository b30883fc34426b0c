import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockedBase } from '../../packaging/base.ts';
import { readLockfile } from '../../packaging/lockfile.ts';
import { fileOf, targetOf, targets } from '../../packaging/targets.ts';

test('there is a binary for each of five systems, with the pinned Node of one version', () => {
  assert.deepEqual(targets.map(fileOf), [
    'conductor-loop-linux-amd64',
    'conductor-loop-linux-arm64',
    'conductor-loop-windows-amd64.exe',
    'conductor-loop-darwin-amd64',
    'conductor-loop-darwin-arm64',
  ]);
  const lockfile = readLockfile();
  const versions = targets.map((target) => lockedBase(lockfile, target).version);
  assert.deepEqual(new Set(versions), new Set([process.versions.node]));
});

test('the target of a host is found by what Node calls it', () => {
  for (const target of targets) assert.equal(targetOf({ ...target, isMusl: false }), target);
});

test('where none runs it says why, and what to do instead', () => {
  const musl = { platform: 'linux', arch: 'x64', isMusl: true };
  assert.throws(() => targetOf(musl), /has musl .* need glibc; .*conductor-loop\.cjs with a Node/);
  const riscv = { platform: 'linux', arch: 'riscv64', isMusl: false };
  assert.throws(() => targetOf(riscv), /linux riscv64, only for linux-amd64, .*--all/);
});
