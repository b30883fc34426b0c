/**
 * `npm run build`: the whole program in one file, dist/conductor-loop.cjs, which needs the pinned
 * runtime and nothing beside it. A single file has no second one for its worker threads, so their
 * sources are bundled first and travel in it as strings. The source map beside it is for those who
 * read a stack trace. The same source gives the same bytes, wherever it lies.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { thirdPartyLicences } from './packaging/licences.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const outfile = 'dist/conductor-loop.cjs';
const licences = 'dist/THIRD-PARTY-LICENSES.txt';
const NO_IMPORT_META = 'THERE_IS_NO_IMPORT_META';

/** Says what is wrong where someone starts the bundle with a Node that is too old for it. */
const refuseOldNode = `if (parseInt(process.versions.node, 10) < 26 && !process.versions.deno) {
  console.error('conductor-loop: needs Node.js 26 or later, and this is ' + process.version +
    '; install that, or take the single binary, which needs no Node.js');
  process.exit(1);
}`;

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node26',
  // An older Node must be able to read the file to its end before it can say that it is too old.
  supported: { using: false },
  minify: true,
  metafile: true,
  // Licences have a file of their own.
  legalComments: 'none',
  logLevel: 'warning',
  // A CommonJS file has no `import.meta`. Branches of the source that ask for it are dropped; where
  // one is left, this name is, which is looked for below.
  define: { 'import.meta': NO_IMPORT_META },
};

function packageVersion() {
  return JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version;
}

/** @param {import('esbuild').Metafile} metafile */
function bundledFiles({ outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
}

/** @param {'reader' | 'runner' | 'embedded'} kind */
async function bundleWorker(kind) {
  const entryPoints = [`src/workers/${kind}.ts`];
  const { outputFiles, metafile } = await build({ ...common, entryPoints, write: false });
  const source = outputFiles.map(({ text }) => text).join('');
  checkLetters(entryPoints[0], source);
  return { source: JSON.stringify(source), files: bundledFiles(metafile) };
}

async function bundleProgram() {
  const reader = await bundleWorker('reader');
  const runner = await bundleWorker('runner');
  const embedded = await bundleWorker('embedded');
  const { metafile } = await build({
    ...common,
    entryPoints: ['src/main.ts'],
    outfile,
    sourcemap: 'linked',
    banner: { js: refuseOldNode },
    define: {
      ...common.define,
      CONDUCTOR_VERSION: JSON.stringify(packageVersion()),
      READER_SOURCE: reader.source,
      RUNNER_SOURCE: runner.source,
      EMBEDDED_SOURCE: embedded.source,
    },
  });
  const workers = [reader, runner, embedded].flatMap(({ files }) => files);
  return [...workers, ...bundledFiles(metafile)];
}

function checkProgram() {
  const program = readFileSync(root + outfile, 'utf8');
  if (program.includes(NO_IMPORT_META)) {
    refuse(`${outfile} still uses import.meta, which a CommonJS file does not have`);
  }
  checkLetters(outfile, program);
}

/**
 * With one letter beyond Latin-1 in it, such as a regular expression may hold, V8 would keep all of a
 * program with two bytes a letter.
 * @param {string} name
 * @param {string} program
 */
function checkLetters(name, program) {
  const [strange] = /.{0,20}[^\0-\xff]/.exec(program) ?? [];
  if (strange) refuse(`${name} has a letter that had better be written as an escape: ${strange}`);
}

/** @param {string} why */
function refuse(why) {
  console.error(why);
  process.exitCode = 1;
}

const files = await bundleProgram();
checkProgram();
writeFileSync(root + licences, thirdPartyLicences(files));
console.log(`${outfile}: ${Math.round(statSync(root + outfile).size / 1024)} KiB`);
