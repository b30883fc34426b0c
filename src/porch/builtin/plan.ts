import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Intent } from '../../intent/schema.ts';
import { errnoOf } from '../../platform/index.ts';
import { type PackageRecord, readPackageRecord } from './kptfile.ts';
import { packageIdentity, restorePackage } from './mend.ts';
import { packageFileNames } from './render.ts';

/** An intent that the schema accepts and whose package we refuse to write; says why. */
export class RefusedPackage extends Error {}

/** What stands where a package is to be written. */
export type Place = {
  /** Absolute: OUT/NAMESPACE/NAME. */
  dir: string;
  /** The last part of `dir`: the target, unless the intent names its package. */
  name: string;
  /** For `writePackages`. */
  replaces: string | null;
  /** Of the package that is there; null without one, or where it cannot be told. */
  previousReplicas: number | null;
};

/** RFC 1123: a name of at most 63 letters, digits and inner hyphens. */
const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Looks at the place for an intent's package. Different targets have different places, as a
 * namespace and a target are file names as they are; a `kpt_package_name` can coincide with
 * another target's, and then the one that was first keeps the place.
 *
 * Throws RefusedPackage, and the errno errors of the file system.
 */
export function findPlace(intent: Intent, outDir: string): Place {
  const dir = packagePath(intent, outDir);
  const name = basename(dir);
  requireDirectoryOrNothing(dirname(dir));
  const found = packageIdentity(dir);
  const replaces = found === null && restorePackage(dir) ? packageIdentity(dir) : found;
  if (replaces === null) return { dir, name, replaces, previousReplicas: null };
  requireDirectoryOrNothing(dir);
  const record = readPackageRecord(dir);
  if (record === null) requireNothingForeign(dir);
  else requireSameTarget(dir, record, intent);
  return { dir, name, replaces, previousReplicas: record?.replicas ?? null };
}

/** Where the package of an intent belongs: OUT/NAMESPACE/NAME. Throws RefusedPackage. */
export function packagePath(intent: Intent, outDir: string): string {
  const name = packageName(intent);
  if (process.platform === 'win32') requireNoDevices(intent.namespace, name);
  return join(outDir, intent.namespace, name);
}

/** Names that Windows gives to devices, with any ending: most programs could not open such a package. */
export function requireNoDevices(...names: string[]): void {
  const device = names.find((name) => /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/.test(name));
  if (device === undefined) return;
  throw new RefusedPackage(
    `${device} is the name of a device on Windows, which no directory can bear: run this intent on another system, or give another constraints.kpt_package_name where it is the target`,
  );
}

function packageName(intent: Intent): string {
  const given = intent.constraints?.kpt_package_name;
  if (given === undefined) return intent.target;
  if (dnsLabel.test(given)) return given;
  throw new RefusedPackage(
    `constraints.kpt_package_name ${JSON.stringify(given.slice(0, 40))} is not a DNS label: use at most 63 lower-case letters, digits and inner hyphens`,
  );
}

function requireDirectoryOrNothing(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isDirectory()) return;
  throw new RefusedPackage(
    stat.isSymbolicLink()
      ? `${path} is a symbolic link, which is not followed: remove it`
      : `${path} is in the way and is not a directory: move it`,
  );
}

function requireSameTarget(dir: string, record: PackageRecord, intent: Intent): void {
  if (record.namespace === intent.namespace && record.target === intent.target) return;
  throw new RefusedPackage(
    `${dir} is the package of ${record.namespace}/${record.target}: give ${intent.namespace}/${intent.target} another constraints.kpt_package_name, or remove that package`,
  );
}

/** A package of ours that is damaged may be replaced; somebody's own files may not. */
function requireNothingForeign(dir: string): void {
  const foreign = namesIn(dir).find((name) => !packageFileNames.has(name));
  if (foreign === undefined) return;
  throw new RefusedPackage(
    `${dir} was not written by conductor-loop (it holds ${JSON.stringify(foreign.slice(0, 40))}): move it`,
  );
}

/** None where the directory is just away, while somebody else replaces it. */
function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
