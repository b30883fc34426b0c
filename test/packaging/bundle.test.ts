import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { build, transformSync } from 'esbuild';
import { readLockfile, root } from '../../packaging/lockfile.ts';
import type { Kind } from '../../src/workers/messages.ts';
import { forbidden } from '../faults/skip.ts';
import { oldNode as oldNodeOfSystem } from '../tools/old-node.ts';

const directory = mkdtempSync(join(tmpdir(), 'conductor-bundle-'));
after(() => rmSync(directory, { recursive: true }));

/** Builds a copy of the source that lies elsewhere. */
function buildAt(place: string) {
  const copy = join(directory, place);
  mkdirSync(copy, { recursive: true });
  for (const name of ['src', 'packaging', 'build.mjs', 'package.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'build.mjs')], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const file = join(copy, 'dist/conductor-loop.cjs');
  const licences = readFileSync(join(copy, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  return { file, text: readFileSync(file, 'utf8'), licences };
}

const here = buildAt('here');

test('the same source gives the same bundle, wherever it lies', () => {
  const { text, licences } = buildAt('deep/down/there');
  assert.ok(text === here.text, 'the bundles differ');
  assert.ok(licences === here.licences, 'the licences differ');
});

test('the bundle has its source map beside it', () => {
  const name = /\n\/\/# sourceMappingURL=(.*)\n$/.exec(here.text)?.[1];
  assert.equal(name, 'conductor-loop.cjs.map');
  const map: unknown = JSON.parse(readFileSync(`${here.file}.map`, 'utf8'));
  assert.ok(typeof map === 'object' && map !== null && 'sources' in map);
  assert.ok(Array.isArray(map.sources) && map.sources.includes('../src/main.ts'));
});

test('the licence of each package that it depends on is there, and that of Node', () => {
  const { packages, uses } = readLockfile();
  const direct = packages.filter(({ path, isOptional }) => uses.includes(path) && !isOptional);
  for (const { name, version, license } of direct) {
    assert.ok(here.licences.includes(`\n${name} ${version} (${license})\n---`), name);
  }
  assert.match(here.licences, /In the single binaries only: Node\.js, .*\nnode-.* \(MIT\)\n---/);
  assert.match(here.licences, /Copyright Node\.js contributors/);
});

/** The files of which a thread of this kind holds something. */
async function heldBy(kind: Kind): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`src/workers/${kind}.ts`],
    ...({ bundle: true, platform: 'node', format: 'cjs', write: false, metafile: true } as const),
  });
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
}

/** What a thread has no need of; it would hold as much of it as there are threads. */
const needless: Record<Kind, RegExp> = {
  reader: /zod\/v4\/(?:classic|locales)\/|\/yaml\/|src\/(?:porch|config\/schema)|\/answers\.ts/,
  runner: /zod\/v4\/(?:classic|locales)\/|\/yaml\/|src\/intent\/|porch\/builtin|\/answers\.ts/,
  embedded: /zod\/v4\/(?:classic|locales)\/|porch\/(?:native|run)|\/answers\.ts/,
};

for (const kind of ['reader', 'runner', 'embedded'] as const) {
  test(`a thread holds nothing that it has no need of, the large zod least of all: ${kind}`, async () => {
    const held = await heldBy(kind);
    assert.ok(held.some((file) => file.includes('zod/v4/mini/')));
    assert.ok(held.includes(`src/workers/${kind}.ts`));
    assert.deepEqual(
      held.filter((file) => needless[kind].test(file)),
      [],
    );
  });
}

test('an older Node can read the bundle, and is refused by it', () => {
  const lowered = transformSync(here.text, { target: 'node18', minify: true }).code;
  assert.ok(
    lowered === transformSync(here.text, { target: 'esnext', minify: true }).code,
    'something in the bundle is newer than Node 18',
  );
  const oldNode = join(directory, 'old-node.cjs');
  writeFileSync(
    oldNode,
    `Object.defineProperty(process, 'versions', { value: { node: '18.20.0' } });`,
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['-r', oldNode, here.file, '-version'],
    { encoding: 'utf8' },
  );
  assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
  assert.match(
    stderr,
    /^conductor-loop: needs Node\.js 26 or later, .*take the single binary.*\n$/,
  );
});

test('the older Node of the system is refused by the bundle', (t) => {
  const node = oldNodeOfSystem();
  if (node === null) return forbidden(t.name, 'there is no Node.js before 26 in PATH');
  const { status, stdout, stderr } = spawnSync(node, [here.file, '-once'], { encoding: 'utf8' });
  assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
  assert.match(stderr, /^conductor-loop: needs Node\.js 26 or later, and this is v\d+.*\n$/);
});
