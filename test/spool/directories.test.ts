import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertUsable, DirectoryError, ensureDirectories } from '../../src/spool/directories.ts';
import { type Layout, layoutOf } from '../../src/spool/layout.ts';
import { makeSpool, put, tempDir } from './support.ts';

const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;
const mode = (path: string) => statSync(path).mode & 0o7777;

function assertModes(layout: Layout): void {
  for (const path of [layout.processed, layout.failed, layout.status]) {
    assert.equal(mode(path), 0o755, path);
  }
  for (const path of [layout.inflightRoot, layout.inflight]) assert.equal(mode(path), 0o700, path);
}

test('directories get their modes whatever the umask and the parent say', (t) => {
  for (const [umask, parentMode] of [
    [0o077, 0o755],
    [0o000, 0o755],
    [0o022, 0o3770],
  ] as const) {
    const handoff = join(tempDir(t), 'handoff');
    mkdirSync(handoff);
    chmodSync(handoff, parentMode);
    const layout = layoutOf(handoff, 'here', 'life');
    const before = process.umask(umask);
    try {
      ensureDirectories(layout);
    } finally {
      process.umask(before);
    }
    assertModes(layout);
    assert.equal(mode(handoff), parentMode);
  }
});

test('what an operator has set is left alone, and what is missing is made again', (t) => {
  const layout = makeSpool(t);
  chmodSync(layout.processed, 0o750);
  rmSync(layout.status, { recursive: true });
  ensureDirectories(layout);
  assert.equal(mode(layout.processed), 0o750);
  assert.equal(mode(layout.status), 0o755);
});

test('a link, a dangling one too, and a file are not taken for directories', (t) => {
  for (const target of [tempDir(t), '/nonexistent']) {
    const layout = makeSpool(t);
    rmSync(layout.failed, { recursive: true });
    symlinkSync(target, layout.failed);
    assert.throws(
      () => ensureDirectories(layout),
      (error) => error instanceof DirectoryError && /failed is a symbolic link/.test(error.message),
    );
  }
  const layout = makeSpool(t);
  rmSync(layout.inflight, { recursive: true });
  put(layout.inflightRoot, 'here');
  assert.throws(() => ensureDirectories(layout), /here is not a directory: move it away/);
});

if (isRoot) {
  test('a directory of another user is refused, with what to do', (t) => {
    const layout = makeSpool(t);
    chownSync(layout.status, NOBODY, NOBODY);
    assert.throws(
      () => ensureDirectories(layout),
      (error) =>
        error instanceof DirectoryError && /status belongs to user 65534/.test(error.message),
    );
  });
}

/** Runs a piece of TypeScript as a user without rights (no mode keeps root out). */
function unprivileged(layout: Layout, code: string) {
  const url = new URL('../../src/spool/directories.ts', import.meta.url).href;
  const source =
    `import * as directories from ${JSON.stringify(url)};` +
    `const layout = ${JSON.stringify(layout)};` +
    `try { ${code}; console.log('passed'); } catch (error) { console.log(error.code); }`;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    ...user,
    encoding: 'utf8',
  });
  return ran.stdout.trim() || ran.stderr;
}

test('a handoff that we may not change is told from a file that we may not move', (t) => {
  const dir = tempDir(t);
  chmodSync(dir, 0o755);
  const handoff = join(dir, 'handoff');
  mkdirSync(handoff);
  chmodSync(handoff, 0o777);
  const layout = layoutOf(handoff, 'here', 'life');
  assert.equal(unprivileged(layout, 'directories.ensureDirectories(layout)'), 'passed');
  assert.equal(unprivileged(layout, 'directories.assertUsable(layout)'), 'passed');
  chmodSync(handoff, 0o555);
  assert.equal(unprivileged(layout, 'directories.assertUsable(layout)'), 'EACCES');
  assert.throws(() => assertUsable(layoutOf(join(dir, 'nowhere'), 'here', 'life')), {
    code: 'ENOENT',
  });
});
