import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import * as z from 'zod';
import { until } from '../tools/until.ts';
import type { Image } from './image.ts';

export type ContainerOptions = {
  image: Image;
  /** The directory that is mounted as the volume. */
  volume: string;
  /** Instead of the entry point of the image. */
  command?: readonly string[];
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Files and directories of ours that it sees read-only, by their place there. */
  mounts?: Readonly<Record<string, string>>;
  /** Another container, whose network it shares; else it has one of its own. */
  network?: Container;
};

const information = z.object({ 'child-pid': z.number() });

/**
 * A container as one would be started of the image with a read-only root and no capabilities: its
 * user, environment and working directory, processes and network of its own, first process in it.
 */
export class Container {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stdout = '';
  #stderr = '';
  #information = '';

  constructor(options: ContainerOptions) {
    const [file, ...args] = commandOf(options);
    this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'close');
    process.on('exit', () => this.#child.kill('SIGKILL'));
    const [, stdout, stderr, told] = this.#child.stdio;
    stdout?.on('data', (data: Buffer) => {
      this.#stdout += data;
    });
    stderr?.on('data', (data: Buffer) => {
      this.#stderr += data;
    });
    told?.on('data', (data: Buffer) => {
      this.#information += data;
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The number of its first process for those outside. */
  pid(): number {
    return information.parse(JSON.parse(this.#information))['child-pid'];
  }

  /** Waits for a line of its log. */
  async says(pattern: RegExp): Promise<void> {
    await until(() => {
      if (pattern.test(this.#stderr)) return true;
      if (this.#child.exitCode !== null) throw new Error(`it ended: ${this.#stderr}`);
      return false;
    });
  }

  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** As the one who started it stops it: the signal goes to the first process. */
  stop(signal: NodeJS.Signals): Promise<number | null> {
    process.kill(this.pid(), signal);
    return this.exitCode();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whatever runs in there ends with it.
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

function commandOf(options: ContainerOptions): [string, ...string[]] {
  const { image, volume, args = [], env = {}, mounts = {}, network } = options;
  const { User, Env, Entrypoint, WorkingDir } = image.config;
  const [user = '', group = ''] = User.split(':');
  const there = Env.map((line) => line.split(/=(.*)/s).slice(0, 2));
  const variables = [...there, ...Object.entries(env)].flatMap(([name = '', value = '']) => [
    '--setenv',
    name,
    value,
  ]);
  const binds = Object.entries(mounts).flatMap(([place, here]) => ['--ro-bind', here, place]);
  const [file, ...first] =
    network === undefined ? [] : ['nsenter', `--net=/proc/${network.pid()}/ns/net`];
  const identity = ['--reuid', user, '--regid', group, '--clear-groups'];
  const alone = ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts'];
  const words = [
    ...(file === undefined ? [] : [file, ...first]),
    ...['setpriv', ...identity, 'bwrap', '--info-fd', '3', '--die-with-parent', '--as-pid-1'],
    ...[...alone, ...(network === undefined ? ['--unshare-net'] : []), '--cap-drop', 'ALL'],
    ...['--ro-bind', image.root, '/', '--proc', '/proc', '--dev', '/dev'],
    ...['--bind', volume, WorkingDir, ...binds, '--chdir', WorkingDir, '--clearenv', ...variables],
    ...['--', ...(options.command ?? Entrypoint), ...args],
  ];
  const [program = '', ...rest] = words;
  return [program, ...rest];
}
