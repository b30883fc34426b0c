import process from 'node:process';
import pkg from '@yao-pkg/pkg/lib-es5/sea.js';
import type { Target } from './targets.ts';

const systems = { linux: 'linux', darwin: 'macos', win32: 'win' } as const;

/**
 * Makes the bundle and Node into one file. The code cache, which saves half of the time to start,
 * is only good for the system that made it: elsewhere V8 compiles at each start.
 */
export async function makeBinary(
  target: Target,
  from: { bundle: string; base: string },
  output: string,
): Promise<void> {
  const isHost = target.platform === process.platform && target.arch === process.arch;
  await pkg.default(from.bundle, {
    targets: [
      { nodeRange: 'node26', platform: systems[target.platform], arch: target.arch, output },
    ],
    nodePath: from.base,
    // Nothing is downloaded: what of the work needs a Node that runs here is done by this one.
    useLocalNode: true,
    signature: true,
    seaConfig: { disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: isHost },
  });
}
