import {
  chmodSync,
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, patiently } from '../../platform/index.ts';
import { isTaken, packageIdentity, removeOld, removeSuperseded, restorePackage } from './mend.ts';
import { oldPath, scratchPath } from './names.ts';
import { syncAll, syncDirectory, syncFile } from './sync.ts';

/** A package to be put in place of what stands there. */
export type PackageToWrite = {
  /** Absolute: OUT/NAMESPACE/NAME. */
  dir: string;
  /** File name to content. */
  files: ReadonlyMap<string, string>;
  /** `packageIdentity` of what the caller saw there and agrees to replace. */
  replaces: string | null;
};

/**
 * Why a package was not written. ESTALE: somebody else wrote it meanwhile, look again. ELOOP and
 * ENOTDIR: what stands in its place is no directory. In each case what was there is still there.
 */
export type WriteFailure = { errno: string; message: string };

type Job = PackageToWrite & {
  /** Where the new package is written; empty until then. */
  fresh: string;
  /** Directories that get a new name by this job. */
  parents: string[];
  failure: WriteFailure | null;
};

/**
 * Replaces packages as a whole, and returns once they are on disk: null for each that is. Several
 * share their syncs: all are written before any is synced, and all are synced before any is
 * renamed. A crash at any moment leaves the old package or the new one, at worst under the name
 * that `restorePackage` knows. Throws nothing.
 */
export function writePackages(packages: readonly PackageToWrite[]): (WriteFailure | null)[] {
  const jobs = packages.map(
    (wanted): Job => ({ ...wanted, fresh: '', parents: [], failure: null }),
  );
  const modes = process.umask() === 0o022 ? 'by umask' : 'by chmod';
  const ready = new Set<string>();
  for (const job of jobs) attempt(job, () => writeFresh(job, modes, ready));
  syncAll(standing(jobs), { dirOf: (job) => job.fresh, sync: syncFresh, failed: fail });
  for (const job of jobs) attempt(job, () => swap(job));
  syncParents(standing(jobs));
  for (const job of jobs) tidy(job);
  return jobs.map((job) => job.failure);
}

const standing = (jobs: readonly Job[]) => jobs.filter((job) => !job.failure);

function attempt(job: Job, work: () => void): void {
  if (job.failure) return;
  try {
    work();
  } catch (error) {
    fail(job, error);
  }
}

function fail(job: Job, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  job.failure = {
    errno: errnoOf(error) ?? 'EIO',
    message: `cannot write the package ${job.dir}: ${why}`,
  };
}

const failure = (errno: string, message: string) =>
  Object.assign(new Error(message), { code: errno });

/** Files are 0644 and directories 0755, exactly: by the umask where it is the usual one. */
type Modes = 'by umask' | 'by chmod';

/** Writes the package beside its place. `ready`: namespace directories that are known to be there. */
function writeFresh(job: Job, modes: Modes, ready: Set<string>): void {
  const namespaceDir = dirname(job.dir);
  const out = dirname(namespaceDir);
  if (!ready.has(namespaceDir)) {
    if (makeDirectory(out, modes)) job.parents.push(dirname(out));
    makeDirectory(namespaceDir, modes);
    requireDirectory(namespaceDir);
    ready.add(namespaceDir);
  }
  // Also OUT where the namespace was there: who made it may have died before its own sync.
  job.parents.push(out, namespaceDir);
  if (job.replaces !== null) requireDirectory(job.dir);
  job.fresh = scratchPath(job.dir, 'new');
  makeDirectory(job.fresh, modes);
  for (const [name, content] of job.files) writeFile(join(job.fresh, name), content, modes);
}

function writeFile(path: string, content: string, modes: Modes): void {
  const fd = openSync(path, 'wx', 0o644);
  try {
    if (modes === 'by chmod') fchmodSync(fd, 0o644);
    writeFileSync(fd, content);
  } finally {
    closeSync(fd);
  }
}

/** False where something has that name already. */
function makeDirectory(path: string, modes: Modes): boolean {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  if (modes === 'by chmod') chmodSync(path, 0o755);
  return true;
}

/**
 * OUT itself may be a link, as its operator likes; what is inside is ours and is never one. What is
 * not there may just be away, while somebody else replaces it.
 */
function requireDirectory(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) throw failure('ELOOP', `${path} is a symbolic link: not followed`);
  if (stat?.isDirectory() === false) throw failure('ENOTDIR', `${path} is not a directory`);
}

function syncFresh(job: Job): void {
  for (const name of job.files.keys()) syncFile(join(job.fresh, name));
  syncDirectory(job.fresh);
}

/** A package whose name is not known to be on disk counts as not written, though it is there. */
function syncParents(jobs: readonly Job[]): void {
  syncAll([...new Set(jobs.flatMap((job) => job.parents))], {
    dirOf: (parent) => parent,
    sync: syncDirectory,
    failed(parent, error) {
      for (const job of jobs) if (job.parents.includes(parent)) fail(job, error);
    },
  });
}

/** Puts the old package aside and the new one in its place. */
function swap(job: Job): void {
  if (job.replaces !== null) putAside(job, job.replaces);
  try {
    patiently(() => renameSync(job.fresh, job.dir));
  } catch (error) {
    // Where it is not we who brought something back, somebody else has put it there.
    const isOurs = restorePackage(job.dir) || packageIdentity(job.dir) === null;
    throw isOurs && !isTaken(error) ? error : changed(job);
  }
}

/** What is renamed away is looked at again then, when nobody else can change it any more. */
function putAside(job: Job, expected: string): void {
  removeSuperseded(job.dir);
  if (packageIdentity(job.dir) !== expected) throw changed(job);
  const old = oldPath(job.dir);
  try {
    patiently(() => renameSync(job.dir, old));
  } catch (error) {
    throw packageIdentity(job.dir) === expected && !isTaken(error) ? error : changed(job);
  }
  if (packageIdentity(old) === expected) return;
  restorePackage(job.dir);
  throw changed(job);
}

const changed = (job: Job) =>
  failure('ESTALE', `${job.dir} was changed by somebody else while it was being replaced`);

/** Waste is no failure: the package is in place, and the next start removes what is left. */
function tidy(job: Job): void {
  try {
    if (job.failure === null) {
      if (job.replaces !== null) removeOld(job.dir, job.replaces);
    } else if (job.fresh !== '') {
      rmSync(job.fresh, { recursive: true, force: true });
    }
  } catch {}
}
