import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import pkg from '@yao-pkg/pkg/lib-es5/sea.js';
import { makeCache } from './cache/make.ts';
import type { Target } from './targets.ts';

const systems = { linux: 'linux', darwin: 'macos', win32: 'win' } as const;

const loader = fileURLToPath(new URL('./cache/loader.cjs', import.meta.url));

/**
 * Makes the bundle and Node into one file; works in `directory`. The code cache, which saves a third
 * of the time to start, is only good for the system that made it: elsewhere V8 compiles at each start.
 */
export async function makeBinary(
  target: Target,
  from: { bundle: string; base: string; directory: string },
  output: string,
): Promise<void> {
  const { directory } = from;
  const isHost = target.platform === process.platform && target.arch === process.arch;
  const program = join(directory, 'program.cjs');
  writeFileSync(program, asFunction(readFileSync(from.bundle, 'utf8')));
  const main = join(directory, basename(loader));
  copyFileSync(loader, main);
  // pkg works in a directory of its own below this one.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = directory;
  const seaConfig = {
    // The name is written into the binary: an absolute one would tell where it was made.
    main: `../${basename(main)}`,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets: { program, ...(isHost ? { cache: makeCache(program, directory) } : {}) },
  };
  await pkg.default(main, {
    targets: [
      { nodeRange: 'node26', platform: systems[target.platform], arch: target.arch, output },
    ],
    nodePath: from.base,
    // Nothing is downloaded: what of the work needs a Node that runs here is done by this one.
    useLocalNode: true,
    // Only a Mac can.
    signature: process.platform === 'darwin',
    seaConfig,
  });
}

/** A CommonJS module as the function that Node makes of one. */
function asFunction(text: string): string {
  const body = text.replace(/^#!.*\n/, '');
  return `(function (exports, require, module, __filename, __dirname) {${body}\n})`;
}
