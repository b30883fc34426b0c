/**
 * `npm run build`: the whole program in one file, dist/conductor-loop.cjs, which needs the pinned
 * runtime and nothing beside it. A single file has no second one for its worker threads, so their
 * source is bundled first and travels in it as a string.
 */
import { readFileSync, statSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
const outfile = 'dist/conductor-loop.cjs';

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node26',
  // Drops the branches of the source that a bundle never takes. Names and lines stay as they are:
  // stack traces are read by people, and a smaller file starts no faster.
  minifySyntax: true,
  legalComments: 'eof',
  logLevel: 'warning',
  // esbuild warns of it before it has dropped those branches; what is left is checked below.
  logOverride: { 'empty-import-meta': 'silent' },
};

function packageVersion() {
  return JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version;
}

async function bundleWorker() {
  const entryPoints = ['src/workers/worker.ts'];
  const { outputFiles } = await build({ ...common, entryPoints, write: false });
  return outputFiles.map(({ text }) => text).join('');
}

async function bundleProgram() {
  await build({
    ...common,
    entryPoints: ['src/main.ts'],
    outfile,
    sourcemap: 'linked',
    define: {
      CONDUCTOR_VERSION: JSON.stringify(packageVersion()),
      WORKER_SOURCE: JSON.stringify(await bundleWorker()),
    },
  });
}

/** A CommonJS file has no `import.meta`: whatever still asks for its place would not find it. */
function checkProgram() {
  const text = readFileSync(root + outfile, 'utf8');
  if (!/\bimport_meta\d*\.\w/.test(text)) return;
  console.error(`${outfile} still uses import.meta, which is empty there`);
  process.exitCode = 1;
}

await bundleProgram();
checkProgram();
console.log(`${outfile}: ${Math.round(statSync(root + outfile).size / 1024)} KiB`);
