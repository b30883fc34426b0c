import {
  closeSync,
  constants as fsConstants,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, type Moved, patiently, renameNoReplace } from '../platform/index.ts';
import { exists } from './claim.ts';
import { errorLogName, type Layout, laterName, statusName, temporaryName } from './layout.ts';

/** What is to be done with a claimed file whose outcome is on disk. */
export type Filing = {
  name: string;
  /** Destination below handoff: `processed/NAME` or `failed/NAME`. */
  to: string;
  /** The status file's text. */
  status: string;
  /** The error log's text, where there is one. */
  log?: string | undefined;
};

/**
 * A free place for a name in processed/ or failed/, below handoff: the name itself, or the name
 * with the time where something of that name, or in failed/ of its error log's, stands already.
 */
export function destination(layout: Layout, to: 'processed' | 'failed', name: string): string {
  const at = new Date();
  let candidate = name;
  const taken = (candidate: string) =>
    exists(join(layout[to], candidate)) ||
    (to === 'failed' && exists(join(layout.failed, errorLogName(candidate))));
  for (let n = 1; taken(candidate); n++) candidate = laterName(name, at, n);
  return `${to}/${candidate}`;
}

/**
 * Writes the status and the error log and moves the file to its place. Each step may be repeated
 * after a crash. `occupied`: the place was taken in the meantime, and nothing was moved; `gone`:
 * the file is neither claimed nor there. Throws the errno errors of a file system that fails.
 */
export function file(layout: Layout, filing: Filing): 'filed' | 'occupied' | 'gone' {
  const place = join(layout.handoff, filing.to);
  const log = errorLogName(place);
  replaceFile(layout, join(layout.status, statusName(filing.name)), filing.status);
  if (filing.log !== undefined && !placeLog(layout, log, filing.log)) return 'occupied';
  const claimed = join(layout.inflight, filing.name);
  try {
    if (move(claimed, place) === 'moved') return 'filed';
    if (filing.log !== undefined) rmSync(log, { force: true });
    return 'occupied';
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || exists(claimed) || !exists(dirname(place))) throw error;
    return exists(place) ? 'filed' : 'gone';
  }
}

/** Puts an error log into its place; false where that of another file stands there. */
function placeLog(layout: Layout, path: string, text: string): boolean {
  const temporary = writeTemporary(layout, path, text);
  if (move(temporary, path) === 'moved') return true;
  rmSync(temporary);
  // A step that is repeated finds its own: the text bears the time of the outcome.
  return readFileSync(path, 'utf8') === text;
}

/**
 * Never replaces a file. Where the system cannot promise that by itself, the place is reserved by
 * an empty file of ours; one that a crash left is known by being empty, for nothing else stood
 * there when the destination was chosen.
 */
function move(from: string, to: string): Moved {
  const moved = patiently(() => renameNoReplace(from, to));
  if (moved !== 'unsupported') return moved;
  // Throws where there is nothing to move: then nothing is to be reserved either.
  lstatSync(from);
  const { O_CREAT, O_EXCL, O_WRONLY } = fsConstants;
  try {
    closeSync(openSync(to, O_CREAT | O_EXCL | O_WRONLY, 0o644));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if (lstatSync(to, { throwIfNoEntry: false })?.size !== 0) return 'exists';
  }
  try {
    patiently(() => renameSync(from, to));
  } catch (error) {
    rmSync(to, { force: true });
    throw error;
  }
  return 'moved';
}

/** Writes a file beside its place and renames it in; readers see the old text or the new one. */
function replaceFile(layout: Layout, path: string, text: string): void {
  const temporary = writeTemporary(layout, path, text);
  patiently(() => renameSync(temporary, path));
}

/** Writes the text beside the place that it is meant for, and gives the path. */
function writeTemporary(layout: Layout, path: string, text: string): string {
  const { O_CREAT, O_TRUNC, O_WRONLY } = fsConstants;
  const temporary = join(dirname(path), layout.temporary);
  const flags = O_CREAT | O_TRUNC | O_WRONLY | (fsConstants.O_NOFOLLOW ?? 0);
  const fd = openSync(temporary, flags, 0o644);
  try {
    // Unlike writeSync this goes on after a short write, so that a full disk is an error.
    writeFileSync(fd, text);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return temporary;
}

/** Removes what a dead life was writing and has not brought to its place. Throws errno errors. */
export function removeTemporaries({ status, failed }: Layout, life: string): void {
  for (const directory of [status, failed]) {
    rmSync(join(directory, temporaryName(life)), { force: true });
  }
}
