import { constants, type Stats } from 'node:fs';
import { copyFile, link, lstat, rename, stat, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { patientlyAsync } from '../platform/index.ts';
import { openForReading } from './lines.ts';

/** Tells an operator what was found damaged (E009) or was taken over. */
export type Report = (message: string, damaged: boolean) => void;

/**
 * Whether there is a state file that can be read. What stands in its place and cannot, or is not to
 * be trusted because a dropper may have put it there, is moved aside.
 */
export async function readable(path: string, report: Report): Promise<boolean> {
  const found = await ifThere(lstat(path));
  if (!found) return false;
  const problem = problemOf(found) ?? ((await mayRead(path)) ? null : 'may not be read by us');
  if (problem === null) return true;
  const aside = asideName(path);
  await rename(path, aside);
  report(
    `${basename(path)} ${problem}: nothing of it was read, and it was moved to ${aside}`,
    true,
  );
  return false;
}

function problemOf(found: Stats): string | null {
  if (!found.isFile()) return 'is not a regular file';
  const user = process.geteuid?.();
  // What root has put there, such as a backup, is as good as our own.
  if (user !== undefined && found.uid !== user && found.uid !== 0) {
    return `belongs to user ${found.uid}, and conductor-loop runs as ${user}`;
  }
  return null;
}

async function mayRead(path: string): Promise<boolean> {
  const file = await openForReading(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') return null;
    throw error;
  });
  await file?.close();
  return file !== null;
}

/** Keeps what was found damaged under a name of its own; it stays in its place as well. */
export async function keepCopy(path: string, kept: number, report: Report): Promise<void> {
  const aside = asideName(path);
  // A second name costs nothing, whatever the size: a damaged file is replaced, never written to.
  await link(path, aside).catch(() => copyOnce(path, aside));
  report(`${basename(path)} is damaged: ${kept} sound entries kept, a copy is ${aside}`, true);
}

export async function copyOnce(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

export async function unlinkIfThere(path: string): Promise<void> {
  await ifThere(patientlyAsync(() => unlink(path)));
}

/** A directory that somebody made under a name of ours, which no file can replace, is moved aside. */
export async function moveDirectoryAside(path: string): Promise<void> {
  const found = await ifThere(lstat(path));
  if (found?.isDirectory()) await rename(path, asideName(path));
}

function asideName(path: string): string {
  return `${path}.damaged-${new Date().toISOString().replace(/[-:.]/g, '')}`;
}

/** What a step on a file gives; null where the file is not there. */
export async function ifThere<T>(step: Promise<T>): Promise<T | null> {
  return step.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** What changes when a file is replaced; empty where there is none. */
export async function identityOf(path: string): Promise<string> {
  const found = await ifThere(stat(path));
  return found ? `${found.ino} ${found.mtimeMs}` : '';
}
