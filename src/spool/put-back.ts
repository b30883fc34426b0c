import { lstatSync, lutimesSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, patiently, renameNoReplace } from '../platform/index.ts';
import { exists } from './claim.ts';
import { errorLogName, type Layout } from './layout.ts';

/**
 * What became of a failed file that was to go back to handoff. `waits`: one of its name is there
 * already; `gone`: it is not in failed/ any more; `unsupported`: this file system has no way to move it
 * that could not replace a file.
 */
export type PutBack = 'back' | 'waits' | 'gone' | 'unsupported';

/**
 * Moves a file from failed/ to handoff under the name of its intent, as if it were dropped again, and
 * removes its error log: what it says, the status says too. While the log stands, its place in failed/
 * counts as taken, so whoever files the intent anew meanwhile takes another one. Throws errno errors.
 */
export function putBack(layout: Layout, file: string, name: string): PutBack {
  const from = join(layout.failed, file);
  const to = join(layout.handoff, name);
  if (exists(to)) return 'waits';
  try {
    setApart(from);
    const moved = patiently(() => renameNoReplace(from, to));
    if (moved === 'unsupported') return moved;
    if (moved === 'exists') return 'waits';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && !exists(from)) return 'gone';
    throw error;
  }
  patiently(() => rmSync(join(layout.failed, errorLogName(file)), { force: true }));
  return 'back';
}

/**
 * Gives it a modification time by a millisecond later, or less: it keeps its place in the order of dropping,
 * and is no longer the file that is on record as failed. Were the program ended before it noted that
 * that one was filed, the next start would else file this one without a run. Only its owner may do so.
 */
function setApart(path: string): void {
  const { atimeMs, mtimeMs } = lstatSync(path);
  try {
    lutimesSync(path, atimeMs / 1000, (mtimeMs + 1) / 1000);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM' && errnoOf(error) !== 'EACCES') throw error;
  }
}
