import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { errnoOf } from '../platform/index.ts';
import type { Layout } from './layout.ts';

/**
 * A directory of the spool that cannot be trusted. The message says how to mend it. It bears an
 * errno, for while the program runs it holds the queue as a failing disk does.
 */
export class DirectoryError extends Error {
  readonly code = 'EPERM';
}

/**
 * Makes the directories that are missing and checks those that are there: each must be a real
 * directory of our user, for whoever owns one of them can replace what we file in it.
 * Throws DirectoryError for what is not, the errno errors of mkdir(2) for what cannot be made.
 */
export function ensureDirectories(layout: Layout): void {
  for (const path of [layout.processed, layout.failed, layout.status]) ensure(path, 0o755);
  for (const path of [layout.inflightRoot, layout.inflight]) ensure(path, 0o700);
}

function ensure(path: string, mode: number): void {
  const made = make(path, mode);
  // A parent with the setgid bit hands it down, and the umask takes bits away: say it once more.
  if (made) chmodSync(path, mode);
  const found = lstatSync(path);
  if (!found.isDirectory()) {
    const what = found.isSymbolicLink() ? 'a symbolic link' : 'not a directory';
    throw new DirectoryError(`${path} is ${what}: move it away, conductor-loop makes its own`);
  }
  const user = process.geteuid?.();
  if (user !== undefined && found.uid !== user) {
    throw new DirectoryError(
      `${path} belongs to user ${found.uid}, conductor-loop runs as ${user}: ` +
        `chown -R ${user} ${path}, or run as its owner`,
    );
  }
}

function make(path: string, mode: number): boolean {
  try {
    mkdirSync(path, mode);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Throws the errno error that keeps us from moving files out of handoff at all. */
export function assertUsable(layout: Layout): void {
  for (const path of [layout.handoff, layout.inflight]) {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  }
}
