/** Ways that every system has, for those without a better one. */
import { linkSync, lstatSync, unlinkSync } from 'node:fs';
import type { Moved, Path, Platform } from './types.ts';

/** What only Windows needs: elsewhere open files are in nobody's way, and groups hold a tree. */
export const asOnPosix = {
  patiently: (step) => step(),
  patientlyAsync: (step) => step(),
  holdTree: () => null,
} satisfies Partial<Platform>;

/**
 * link(2) refuses an existing name, which rename(2) does not. Between the two calls the file has
 * both names; the next try after a crash finds it so and drops the old name. Systems that forbid
 * links to the files of others (Linux's protected_hardlinks) answer EPERM.
 */
export function moveByLink(from: Path, to: Path): Moved {
  try {
    linkSync(from, to);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST' && !sameFile(from, to)) return 'exists';
    if (code === 'EPERM' || code === 'EACCES' || code === 'ENOSYS' || code === 'EOPNOTSUPP') {
      return 'unsupported';
    }
    if (code !== 'EEXIST') throw error;
  }
  unlinkSync(from);
  return 'moved';
}

function sameFile(a: Path, b: Path): boolean {
  const [one, other] = [a, b].map((path) => {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  });
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

/**
 * The errno name of an error that a system call caused, else undefined. Codes that begin with `ERR_`
 * are Node's own: they tell of a fault of the program, which no second try mends. What Deno's
 * permissions forbid is as if the system did.
 */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'NotCapable') return 'EACCES';
  if (!('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && !code.startsWith('ERR_') ? code : undefined;
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
