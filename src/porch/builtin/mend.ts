import { lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../platform/index.ts';
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
  return restorePackage(dir) || removeOld(dir);
}

/**
 * Brings back the package that was put aside, where nothing stands in its place. Harmless to a
 * process that is just between its two renames: its second one finds the place taken, and it looks
 * again. Throws what rename(2) says.
 */
export function restorePackage(dir: string): boolean {
  if (packageIdentity(dir) !== null || packageIdentity(oldPath(dir)) === null) return false;
  try {
    renameSync(oldPath(dir), dir);
    return true;
  } catch (error) {
    if (isAbsent(error) || packageIdentity(dir) !== null) return false;
    throw error;
  }
}

/** Removes what was put aside. Renamed first: a removal takes time, and the name is needed. */
export function removeOld(dir: string): boolean {
  const gone = scratchPath(dir, 'gone');
  try {
    renameSync(oldPath(dir), gone);
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
  rmSync(gone, { recursive: true, force: true });
  return true;
}

/** What makes what stands at `path` this and nothing else; null where nothing is. */
export function packageIdentity(path: string): string | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.mtimeNs}` : null;
}

const isAbsent = (error: unknown) => errnoOf(error) === 'ENOENT';

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
