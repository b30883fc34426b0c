/**
 * `npm run package`: the program as one file that needs nothing else, for the system that this runs
 * on; with `--all` for each that there is one for. Beside it what it takes to trust the file: its
 * checksum, what it is made of (SBOM), and how it came to be (provenance).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { lockedBase, makeBase } from './base.ts';
import { makeBinary } from './binary.ts';
import { readLockfile, root } from './lockfile.ts';
import { provenanceOf, sourceHere } from './provenance.ts';
import { sbomOf } from './sbom.ts';
import { fileOf, type Target, targetOf, targets, thisHost } from './targets.ts';

const dist = join(root, 'dist');
const bundle = 'conductor-loop.cjs';
const sbom = 'sbom.cdx.json';
const provenance = 'provenance.intoto.json';
const checksums = 'checksums.txt';
const licences = 'THIRD-PARTY-LICENSES.txt';

const sha256Of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const subjectOf = (name: string) => ({ name, sha256: sha256Of(join(dist, name)) });
const writeJson = (name: string, value: object) =>
  writeFileSync(join(dist, name), `${JSON.stringify(value, null, 2)}\n`);

function buildBundle(): void {
  const { status } = spawnSync(process.execPath, [join(root, 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the bundle could not be built');
}

/** What an earlier run made is in no list of this one. */
function removeEarlier(): void {
  const isOurs = (name: string) =>
    name.startsWith('conductor-loop-') || [sbom, provenance, checksums].includes(name);
  for (const name of readdirSync(dist).filter(isOurs)) rmSync(join(dist, name));
}

/** The blob in the binary is read by the Node that is in it, and written by this one. */
function checkRuntime(target: Target): void {
  const { version } = lockedBase(lockfile, target);
  if (version === process.versions.node) return;
  throw new Error(
    `this is Node.js ${process.versions.node}, and the binary would have ${version}; ` +
      `start it with \`npm run package\`, which takes the pinned one`,
  );
}

async function makeBinaries(chosen: readonly Target[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'conductor-package-'));
  try {
    for (const target of chosen) {
      checkRuntime(target);
      const base = makeBase(lockfile, target, directory);
      const output = join(dist, fileOf(target));
      await makeBinary(target, { bundle: join(dist, bundle), base, directory }, output);
      rmSync(base);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function writeRecords(chosen: readonly Target[], began: Date): void {
  writeJson(sbom, sbomOf(lockfile));
  const made = [...chosen.map(fileOf), bundle, `${bundle}.map`, sbom, licences];
  writeJson(
    provenance,
    provenanceOf({
      subjects: made.map(subjectOf),
      lockfile,
      lockfileSha256: sha256Of(join(root, 'package-lock.json')),
      targets: chosen.map(({ name }) => name),
      source: sourceHere(),
      began,
      ended: new Date(),
    }),
  );
  const lines = [...made, provenance]
    .map(subjectOf)
    .map(({ name, sha256 }) => `${sha256}  ${name}`);
  writeFileSync(join(dist, checksums), `${lines.join('\n')}\n`);
}

function say(chosen: readonly Target[]): void {
  for (const target of chosen) {
    const file = fileOf(target);
    const megabytes = (statSync(join(dist, file)).size / 1e6).toFixed(1);
    console.log(`dist/${file}: ${megabytes} MB`);
    if (target.platform === 'darwin' && process.platform !== 'darwin') {
      console.log(`  not signed, so no Mac will run it; on one: codesign -f --sign - ${file}`);
    }
  }
  console.log(`dist/${checksums}, dist/${sbom}, dist/${provenance}`);
}

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
const lockfile = readLockfile();
try {
  const began = new Date();
  const chosen = values.all ? targets : [targetOf(thisHost())];
  buildBundle();
  removeEarlier();
  await makeBinaries(chosen);
  writeRecords(chosen, began);
  say(chosen);
} catch (error) {
  console.error(`package: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
