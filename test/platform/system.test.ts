import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  errnoOf,
  hasChildren,
  networkFileSystem,
  processScope,
  processStart,
  syncFileSystem,
  syncFileSystemAside,
} from '../../src/platform/index.ts';
import { libc, systemError } from '../../src/platform/libc.ts';
import { put, tempDir } from '../spool/support.ts';

test('the start of a process stays what it is, and is gone with the process', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const { pid } = child;
  assert.ok(pid);
  const start = processStart(pid);
  assert.ok(start !== null);
  assert.equal(processStart(pid), start);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(processStart(pid), null);
});

test('one process is told from another, and this one from none', () => {
  const own = processStart(process.pid);
  assert.ok(own !== null && own !== processStart(1));
  for (const nobody of [-1, 0, 2 ** 30]) assert.equal(processStart(nobody), null);
});

test('the scope of pids is the same for all that see each other', async () => {
  const url = new URL('../../src/platform/index.ts', import.meta.url).href;
  const source = `import { processScope } from ${JSON.stringify(url)}; console.log(processScope())`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  await once(child, 'close');
  assert.equal(text.trim(), processScope());
});

test('a directory of this machine is on no network', () => {
  assert.equal(networkFileSystem(tmpdir()), null);
});

test('a file system is synced, or the system says that it cannot', (t) => {
  const dir = tempDir(t);
  put(dir, 'a');
  assert.equal(typeof syncFileSystem(dir), 'boolean');
  if (syncFileSystem(dir)) {
    assert.throws(() => syncFileSystem(join(dir, 'gone')), { code: 'ENOENT' });
  }
});

test('a file system is synced beside the event loop just as well', async (t) => {
  const dir = tempDir(t);
  put(dir, 'a');
  const open = readdirSync('/dev/fd').length;
  assert.equal(await syncFileSystemAside(dir), syncFileSystem(dir));
  if (syncFileSystem(dir)) {
    await assert.rejects(syncFileSystemAside(join(dir, 'gone')), { code: 'ENOENT' });
  }
  assert.equal(readdirSync('/dev/fd').length, open);
});

test('a sync beside the event loop that fails says so', {
  skip: !libc && 'no node:ffi here',
}, async (t) => {
  assert.ok(libc);
  const { beginSyncfs } = libc;
  const noSuchDescriptor = 2 ** 30;
  t.mock.method(libc, 'beginSyncfs', () => beginSyncfs(noSuchDescriptor));
  await assert.rejects(syncFileSystemAside(tmpdir()), { code: 'EIO', syscall: 'syncfs' });
});

test('an error of the C library looks like one of Node’s', () => {
  const error = systemError(2, 'rename', '/a');
  assert.equal(error.message, "ENOENT: no such file or directory, rename '/a'");
  assert.equal(errnoOf(error), 'ENOENT');
  assert.equal(error.errno, -2);
  assert.equal(errnoOf(systemError(99_999, 'rename')), 'EIO');
});

test('only what the system said has an errno name', () => {
  assert.equal(errnoOf(new Error('x')), undefined);
  assert.equal(errnoOf('ENOENT'), undefined);
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 2 })), undefined);
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })), undefined);
  assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'EPERM' })), 'EPERM');
});

test('whether there is a process below us is known', {
  skip: !libc && 'no node:ffi here',
}, async () => {
  assert.equal(hasChildren(), false);
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  await once(child, 'spawn');
  assert.equal(hasChildren(), true);
  child.stdin.end();
  await once(child, 'exit');
  assert.equal(hasChildren(), false);
});
