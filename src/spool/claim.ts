import { type BigIntStats, lstatSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FileIdentity } from '../intent/types.ts';
import { errnoOf, type Moved, type Path, patiently, renameNoReplace } from '../platform/index.ts';
import type { Layout } from './layout.ts';

/**
 * Whether a claim succeeded. `busy`: one of that name is claimed already; `refused`: the system does
 * not let us move this one file.
 */
export type Claim =
  | { kind: 'claimed'; identity: FileIdentity }
  | { kind: 'gone' }
  | { kind: 'busy' }
  | { kind: 'refused'; errno: string };

/**
 * Takes a file out of handoff into `.inflight/INSTANCE/`, where only this instance touches it. Of
 * several that try, exactly one succeeds. `patient`: waits a moment for others to close the file,
 * where the system asks for that. Throws the errno errors of a file system that fails.
 */
export function claim(layout: Layout, from: Path, name: string, patient = false): Claim {
  const to = join(layout.inflight, name);
  const move = () => moveIn(from, to);
  try {
    if (!(patient ? patiently(move) : move())) return { kind: 'busy' };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' && exists(layout.inflight)) return { kind: 'gone' };
    if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EBUSY') {
      return isDirectory(from) ? { kind: 'gone' } : { kind: 'refused', errno };
    }
    throw error;
  }
  const found = lstatSync(to, { bigint: true, throwIfNoEntry: false });
  // A directory put in the file's place is nobody's intent: it goes back, and a look reports it.
  if (!found || (found.isDirectory() && moveIn(to, from))) return { kind: 'gone' };
  return { kind: 'claimed', identity: identityOf(found) };
}

/** Puts a claimed file back, unless a newer one of its name stands there: then it stays claimed. */
export function giveBack(layout: Layout, name: string): Moved {
  return patiently(() => {
    return renameNoReplace(join(layout.inflight, name), join(layout.handoff, name));
  });
}

/**
 * Only we move anything into our own directory: where the system cannot promise that nothing is
 * replaced, a look before is as good. False where something of that name stands there.
 */
function moveIn(from: Path, to: Path): boolean {
  const moved = renameNoReplace(from, to);
  if (moved !== 'unsupported') return moved === 'moved';
  if (exists(to)) return false;
  renameSync(from, to);
  return true;
}

/** The names that an instance has claimed. Throws errno errors. */
export function claimsOf(layout: Layout, instance: string): string[] {
  try {
    return readdirSync(join(layout.inflightRoot, instance));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/**
 * Brings what a dead instance had claimed under our own name, and gives the names; a file whose name
 * we have claimed ourselves stays for later.
 */
export function takeOverClaims(layout: Layout, instance: string): string[] {
  const directory = join(layout.inflightRoot, instance);
  if (directory === layout.inflight) return [];
  const taken = claimsOf(layout, instance).filter((name) => {
    return moveIn(join(directory, name), join(layout.inflight, name));
  });
  removeIfEmpty(directory);
  return taken;
}

/** Instances that bear the name of a pod never come back: their directories would pile up. */
function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Inode, size and modification time of a file; null where there is none. Throws errno errors. */
export function identityIfThere(path: Path): FileIdentity | null {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? identityOf(found) : null;
}

function identityOf({ ino, size, mtimeNs }: BigIntStats): FileIdentity {
  return { ino: String(ino), size: Number(size), mtimeNs: String(mtimeNs) };
}

/** Its modification time as lstat(2) gives it without big integers. */
export function mtimeMsOf({ mtimeNs }: FileIdentity): number {
  const ns = BigInt(mtimeNs);
  return Number(ns / 1_000_000_000n) * 1000 + Number(ns % 1_000_000_000n) / 1e6;
}

export function sameIdentity(a: FileIdentity | null, b: FileIdentity | null): boolean {
  return a?.ino === b?.ino && a?.size === b?.size && a?.mtimeNs === b?.mtimeNs;
}

function isDirectory(path: Path): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Whether anything stands at a path, a dangling link included. */
export function exists(path: Path): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
