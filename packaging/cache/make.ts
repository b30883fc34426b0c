import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { root } from '../lockfile.ts';

const warmUp = fileURLToPath(new URL('./warm-up.cjs', import.meta.url));

/** Settings of whoever makes it must not be those of the run. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(CONDUCTOR|POD|KUBERNETES|NODE)_/.test(name)),
);

/** What V8 has compiled of the program when it has worked off an intent: a file in `directory`. */
export function makeCache(program: string, directory: string): string {
  const cache = join(directory, 'cache');
  const handoff = join(directory, 'handoff');
  mkdirSync(handoff);
  const intent = 'intent-scale-up-001.json';
  copyFileSync(join(root, 'samples', intent), join(handoff, intent));
  const flags = [
    '--once',
    '-porch',
    'builtin',
    '-handoff',
    handoff,
    '-out',
    join(directory, 'out'),
  ];
  const { status, stderr } = spawnSync(process.execPath, [warmUp, program, cache, ...flags], {
    cwd: directory,
    env: environment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the program did not work in its first run:\n${stderr}`);
  return cache;
}
