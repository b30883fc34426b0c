import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import process from 'node:process';

const NAMESPACE = ['unshare', '--mount', '--propagation', 'private'];
const ENTERED = 'CONDUCTOR_OWN_MOUNTS';

/**
 * Begins this process anew, once, in a mount namespace of its own: whatever it mounts goes with it,
 * however it ends. Gives the reason where the machine forbids that, else null.
 */
export function enterOwnMounts(): string | null {
  if (process.env[ENTERED] === '1') return null;
  const trial = [...NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()];
  const tried = spawnSync('/usr/bin/env', trial, { encoding: 'utf8' });
  if (tried.status !== 0) return (tried.error?.message ?? tried.stderr).trim();
  if (!process.execve) return 'this runtime has no execve';
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve('/usr/bin/env', ['env', ...NAMESPACE, ...again], {
    ...process.env,
    [ENTERED]: '1',
  });
  return null;
}

function run(...[command, ...args]: [string, ...string[]]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** A mount that goes away with its scope, whoever still uses it. */
export class Mount {
  readonly #path: string;
  #mounted = true;

  private constructor(path: string, args: readonly string[]) {
    this.#path = path;
    run('mount', ...args, path);
  }

  /** A file system in memory, of a limited size. */
  static tmpfs(path: string, options: string): Mount {
    return new Mount(path, ['-t', 'tmpfs', '-o', options, 'tmpfs']);
  }

  /** What is at `from`, also at `path`. */
  static bind(from: string, path: string): Mount {
    return new Mount(path, ['--bind', from]);
  }

  remount(options: string): void {
    run('mount', '-o', `remount,${options}`, this.#path);
  }

  /** Open files go on as they are; the path leads to what was there before. */
  unmount(): void {
    if (this.#mounted) run('umount', '--lazy', this.#path);
    this.#mounted = false;
  }

  [Symbol.dispose](): void {
    this.unmount();
  }
}
