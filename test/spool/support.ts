import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ensureDirectories } from '../../src/spool/directories.ts';
import { type Layout, layoutOf } from '../../src/spool/layout.ts';

/** A directory of its own for one test. */
export function tempDir(t: Pick<TestContext, 'after'>): string {
  const dir = mkdtempSync(join(tmpdir(), 'conductor-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A handoff directory with all that belongs into it. */
export function makeSpool(t: Pick<TestContext, 'after'>, instance = 'here'): Layout {
  const handoff = join(tempDir(t), 'handoff');
  mkdirSync(handoff);
  const layout = layoutOf(handoff, instance, 'life');
  ensureDirectories(layout);
  return layout;
}

/** Writes a file and gives its path. */
export function put(directory: string, name: string, text = name): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}
