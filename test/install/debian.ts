import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** What a tree is made of. */
export type Debian = { release: string; packages: readonly string[] };

/** A system that boots. */
export const booting: Debian = {
  release: 'bookworm',
  packages: ['systemd', 'systemd-sysv', 'procps', 'passwd', 'libatomic1'],
};

/** What is missing on this machine for a system in a container; null where nothing is. */
export function bootProblem(): string | null {
  if (process.platform !== 'linux') return 'containers of Debian are for Linux';
  if (process.getuid?.() !== 0) return 'only root may start a container';
  const missing = ['debootstrap', 'systemd-nspawn', 'nsenter', 'setpriv', 'unshare'].find(
    (tool) => spawnSync(tool, ['--version']).error !== undefined,
  );
  return missing === undefined ? null : `${missing} is not installed`;
}

/**
 * Of several tests that want it at the same time one makes it, and the others wait. What debootstrap
 * mounts goes with it, however it ends; what a killed one has left is removed by the next.
 */
const exclusively = ['--mount', '--propagation', 'private', 'flock'];
const make = `
  test -e "$1" && exit
  rm -rf --one-file-system "$1.making"
  debootstrap --variant=minbase --include="$2" "$3" "$1.making" && exec mv -T "$1.making" "$1"
  rm -rf --one-file-system "$1.making"
  exit 1`;

/**
 * A Debian in a directory, which stays for the next time: nobody may change it. Throws with what
 * debootstrap says.
 */
export function debianTree({ release, packages }: Debian): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'conductor-loop');
  const tree = join(cache, `debian-${release}-${packages.join('-')}`);
  if (existsSync(tree)) return tree;
  mkdirSync(cache, { recursive: true });
  const making = ['sh', '-c', make, 'make', tree, packages.join(','), release];
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [...exclusively, `${tree}.lock`, ...making],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`debootstrap: ${(stdout + stderr).slice(-1000)}`);
  return tree;
}
