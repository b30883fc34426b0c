/** Ways that every system has, for those without a better one. */
import { linkSync, unlinkSync } from 'node:fs';
import type { Moved, Path } from './types.ts';

/**
 * link(2) refuses an existing name, which rename(2) does not. Between the two calls the file has
 * both names; who finds it so after a crash drops the old name. Systems that forbid links to the
 * files of others (Linux's protected_hardlinks) answer EPERM.
 */
export function moveByLink(from: Path, to: Path): Moved {
  try {
    linkSync(from, to);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return 'exists';
    if (code === 'EPERM' || code === 'EACCES' || code === 'ENOSYS' || code === 'EOPNOTSUPP') {
      return 'unsupported';
    }
    throw error;
  }
  unlinkSync(from);
  return 'moved';
}

/** The errno name of an error that a system call caused, else undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a process with this pid can be signalled or at least exists. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
