import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import pkg from '@yao-pkg/pkg/lib-es5/sea.js';
import type { Target } from './targets.ts';

const systems = { linux: 'linux', darwin: 'macos', win32: 'win' } as const;

/**
 * Makes the bundle and Node into one file; works in `directory`. The code cache, which saves a third
 * of the time to start, is only good for the system that made it: elsewhere V8 compiles at each start.
 */
export async function makeBinary(
  target: Target,
  from: { bundle: string; base: string; directory: string },
  output: string,
): Promise<void> {
  const isHost = target.platform === process.platform && target.arch === process.arch;
  const named = join(from.directory, basename(from.bundle));
  copyFileSync(from.bundle, named);
  // pkg works in a directory of its own below this one.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = from.directory;
  const seaConfig = {
    // The name is written into the binary: an absolute one would tell where it was made.
    main: `../${basename(named)}`,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: isHost,
  };
  await pkg.default(named, {
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
