import { createHash } from 'node:crypto';
import { type Locked, type Lockfile, purlOf } from './lockfile.ts';

const scopeOf = ({ isDev, isOptional }: Locked) =>
  isDev ? 'excluded' : isOptional ? 'optional' : 'required';

function componentOf(locked: Locked) {
  return {
    type: 'library',
    'bom-ref': locked.purl,
    name: locked.name,
    version: locked.version,
    scope: scopeOf(locked),
    hashes: [{ alg: 'SHA-512', content: locked.sha512 }],
    ...(locked.license === undefined ? {} : { licenses: [{ expression: locked.license }] }),
    purl: locked.purl,
  };
}

/** A UUID that depends on nothing but the text: version 5, made by SHA-1. */
function uuidOf(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/**
 * What the program is made of, in CycloneDX: all packages of the lockfile. Those that only build
 * and test it have the scope `excluded`. The same lockfile gives the same text.
 */
export function sbomOf({ name, version, packages, uses }: Lockfile): object {
  const purls = new Map(packages.map(({ path, purl }) => [path, purl]));
  // A package that lies in two places is one component with the dependencies of both.
  const components = new Map<string, Locked>();
  const graph = new Map<string, Set<string>>();
  for (const locked of packages) {
    const { purl } = locked;
    const known = components.get(purl);
    if (!known || (known.isDev && !locked.isDev)) components.set(purl, locked);
    const used = graph.get(purl) ?? new Set();
    for (const path of locked.uses) used.add(purls.get(path) ?? path);
    graph.set(purl, used);
  }
  const own = purlOf(name, version);
  graph.set(own, new Set(uses.map((path) => purls.get(path) ?? path)));
  const content = {
    metadata: {
      component: {
        type: 'application',
        'bom-ref': own,
        name,
        version,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        purl: own,
      },
    },
    components: [...components.values()].map(componentOf),
    dependencies: [...graph].map(([ref, used]) => ({ ref, dependsOn: [...used].sort() })),
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
}
