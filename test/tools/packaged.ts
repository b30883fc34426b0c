import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Whether a single binary is in dist/ and younger than what it is made of. */
export function isPackaged(file: string): boolean {
  const madeAt = changedAt(join('dist', file));
  const sources = globSync('{src,packaging}/**/*.ts', { cwd: root });
  return [...sources, 'build.mjs', 'package-lock.json'].every((path) => changedAt(path) < madeAt);
}

function changedAt(path: string): number {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
