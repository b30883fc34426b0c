import { lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, patiently } from '../../platform/index.ts';
import { readPackageRecord } from './kptfile.ts';
import { isOld, makerOf, oldPath, scratchPath } from './names.ts';
import { syncDirectory } from './sync.ts';

/** How long what was made by a process that we cannot look at is taken to be in use. */
const unknownMakerMs = 10 * 60_000;

/**
 * Ends what an interrupted run left in OUT and its namespaces: a package that was put aside comes
 * back where no newer one took its place, and what was never finished is removed. Reads OUT and
 * the namespace directories, not the packages. What cannot be read or changed is left for the run
 * that needs it, which says so. Returns how many things it mended. `nowMs` is the time of day.
 */
export function mendPackages(outDir: string, nowMs = Date.now()): number {
  return directoriesIn(outDir)
    .filter((name) => !name.startsWith('.'))
    .reduce((mended, name) => mended + mendNamespace(join(outDir, name), nowMs), 0);
}

/** The same for one namespace directory, which must not be a link. */
export function mendNamespace(namespaceDir: string, nowMs = Date.now()): number {
  if (!lstatSync(namespaceDir, { throwIfNoEntry: false })?.isDirectory()) return 0;
  let mended = 0;
  for (const entry of directoriesIn(namespaceDir)) {
    try {
      if (mendEntry(namespaceDir, entry, nowMs)) mended += 1;
    } catch {}
  }
  if (mended > 0) ignoreErrors(() => syncDirectory(namespaceDir));
  return mended;
}

function mendEntry(namespaceDir: string, entry: string, nowMs: number): boolean {
  const path = join(namespaceDir, entry);
  if (isOld(entry)) return mendOld(namespaceDir, entry);
  const maker = makerOf(entry);
  if (maker === null || maker === 'alive') return false;
  if (maker === 'unknown' && nowMs - lstatSync(path).ctimeMs < unknownMakerMs) return false;
  rmSync(path, { recursive: true, force: true });
  return true;
}

/** Its own record tells its name; where that is damaged, it waits for the next run for that package. */
function mendOld(namespaceDir: string, entry: string): boolean {
  const record = readPackageRecord(join(namespaceDir, entry));
  if (record === null) return false;
  const dir = join(namespaceDir, record.name);
  return restorePackage(dir) || removeSuperseded(dir);
}

/**
 * Brings back the package that was put aside, where nothing stands in its place. Harmless to a
 * process that is just between its two renames: its second one finds the place taken, and it looks
 * again. Throws what rename(2) says.
 */
export function restorePackage(dir: string): boolean {
  if (packageIdentity(dir) !== null || packageIdentity(oldPath(dir)) === null) return false;
  return bringBack(oldPath(dir), dir);
}

/** Removes what an interrupted run has left put aside although a newer package took its place. */
export function removeSuperseded(dir: string): boolean {
  // In this order: whatever is aside while another package is in place can never come back.
  const aside = packageIdentity(oldPath(dir));
  const inPlace = packageIdentity(dir);
  if (aside === null || inPlace === null || aside === inPlace) return false;
  return removeOld(dir, aside);
}

/**
 * Removes what was put aside, where it is `superseded` and nothing else: what another process has
 * put there meanwhile may be the only copy, and goes back. Renamed first: a removal takes time, and
 * the name is needed.
 */
export function removeOld(dir: string, superseded: string): boolean {
  if (packageIdentity(oldPath(dir)) !== superseded) return false;
  const gone = scratchPath(dir, 'gone');
  try {
    patiently(() => renameSync(oldPath(dir), gone));
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
  if (packageIdentity(gone) !== superseded && bringBack(gone, dir)) return false;
  rmSync(gone, { recursive: true, force: true });
  return true;
}

/** False where it is gone from there, or something stands in its place. */
function bringBack(from: string, dir: string): boolean {
  try {
    patiently(() => renameSync(from, dir));
    return true;
  } catch (error) {
    if (isAbsent(error) || isTaken(error) || packageIdentity(dir) !== null) return false;
    throw error;
  }
}

/** What makes what stands at `path` this and nothing else; null where nothing is. */
export function packageIdentity(path: string): string | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.mtimeNs}` : null;
}

const isAbsent = (error: unknown) => errnoOf(error) === 'ENOENT';

/** rename(2) says so where another directory has the name already. */
export const isTaken = (error: unknown) =>
  errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'EEXIST';

/** Links are not directories here. Nothing where the directory cannot be read. */
function directoriesIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function ignoreErrors(work: () => void): void {
  try {
    work();
  } catch {}
}
