import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

export const root = fileURLToPath(new URL('..', import.meta.url));

const names = z.record(z.string(), z.string()).default({});

const lockSchema = z.object({
  name: z.string(),
  version: z.string(),
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().default(false),
      optional: z.boolean().default(false),
      dependencies: names,
      optionalDependencies: names,
    }),
  ),
});

/** A package of package-lock.json, which a path of node_modules was chosen for. */
export type Locked = {
  path: string;
  name: string;
  version: string;
  /** The package URL, which names it in SBOM and provenance. */
  purl: string;
  /** Hexadecimal. */
  sha512: string;
  license: string | undefined;
  /** Whether it is only needed to build or test. */
  isDev: boolean;
  isOptional: boolean;
  /** The paths of those that it uses. */
  uses: string[];
};

export type Lockfile = { name: string; version: string; packages: Locked[]; uses: string[] };

function sha512Of(path: string, integrity: string | undefined): string {
  const base64 = /^sha512-(\S+)$/.exec(integrity ?? '')?.[1];
  if (base64 === undefined) throw new Error(`package-lock.json has no sha512 for ${path}`);
  return Buffer.from(base64, 'base64').toString('hex');
}

export function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;
}

/** Where Node finds `name` from within `path`: the nearest node_modules that has it. */
function resolve(packages: object, path: string, name: string): string | undefined {
  for (
    let from = path;
    ;
    from = from.slice(0, Math.max(0, from.lastIndexOf('node_modules/') - 1))
  ) {
    const candidate = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
    if (from === '') return undefined;
  }
}

export function parseLockfile(text: string): Lockfile {
  const { name, version, packages } = lockSchema.parse(JSON.parse(text));
  const uses = (path: string) => {
    const { dependencies = {}, optionalDependencies = {} } = packages[path] ?? {};
    const wanted = Object.keys({ ...dependencies, ...optionalDependencies });
    return wanted.flatMap((one) => resolve(packages, path, one) ?? []);
  };
  const locked = Object.entries(packages).flatMap(([path, entry]): Locked[] => {
    if (path === '' || entry.version === undefined) return [];
    const own = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return [
      {
        path,
        name: own,
        version: entry.version,
        purl: purlOf(own, entry.version),
        sha512: sha512Of(path, entry.integrity),
        license: entry.license,
        isDev: entry.dev,
        isOptional: entry.optional,
        uses: uses(path),
      },
    ];
  });
  return { name, version, packages: locked, uses: uses('') };
}

export function readLockfile(): Lockfile {
  return parseLockfile(readFileSync(`${root}package-lock.json`, 'utf8'));
}
