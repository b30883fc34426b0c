import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** A Node.js before 26 in PATH, which is what the system has beside the pinned one; null where none is. */
export function oldNode(): string | null {
  const all = (process.env.PATH ?? '').split(delimiter).map((path) => join(path, 'node'));
  const isOld = (path: string) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    return Number.parseInt(stdout.slice(1), 10) < 26;
  };
  return all.find((path) => existsSync(path) && isOld(path)) ?? null;
}
