import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeBase } from '../../packaging/base.ts';
import { makeBinary } from '../../packaging/binary.ts';
import { readLockfile } from '../../packaging/lockfile.ts';
import { fileOf, targets } from '../../packaging/targets.ts';
import { Container } from '../install/container.ts';
import { type Debian, debianTree } from '../install/debian.ts';
import { until } from '../tools/until.ts';

/** The Wine of bookworm is too old for this Node. */
const debian: Debian = { release: 'trixie', packages: ['wine64'] };

const env = {
  PATH: '/usr/lib/wine:/usr/bin:/bin',
  HOME: '/root',
  // Names of files are UTF-8.
  LC_ALL: 'C.UTF-8',
  WINEPREFIX: '/prefix',
  WINEDEBUG: '-all',
  // Neither .NET nor a browser is there, and nobody to be asked whether to fetch them.
  WINEDLLOVERRIDES: 'mscoree,mshtml=',
};

export type Ended = { code: number | null; stdout: string; stderr: string };

/** A program of Windows that runs. */
export type Running = { stderr(): string; ended: Promise<Ended> };

/** A Windows with our program and the tests' tool in C:\. */
export class Wine {
  readonly #directory: string;
  readonly #container: Container;
  #runs = 0;

  /** The error where this machine cannot make such a system, or start it. */
  static async start(): Promise<Wine | Error> {
    const directory = mkdtempSync(join(tmpdir(), 'conductor-wine-'));
    const container = await contained(directory);
    if (container instanceof Error) {
      rmSync(directory, { recursive: true });
      return container;
    }
    const wine = new Wine(container, directory);
    try {
      const { code, stderr } = await wine.#spawn(['wineboot', '-i'], {}).ended;
      if (code !== 0) throw await container.failed(stderr);
      await makePrograms(directory, wine.path('.'));
      return wine;
    } catch (error) {
      await wine[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(container: Container, directory: string) {
    this.#container = container;
    this.#directory = directory;
  }

  /** Where something in C:\ lies for us. */
  path(...names: string[]): string {
    return join(this.#directory, 'prefix', 'drive_c', ...names);
  }

  /** Starts a program of C:\. Its output goes into files: Wine's way to pipes loses some. */
  start(program: string, args: readonly string[], more: Record<string, string> = {}): Running {
    return this.#spawn([`C:\\${program}`, ...args], more);
  }

  #spawn(command: readonly string[], more: Record<string, string>): Running {
    const number = ++this.#runs;
    const files = ['out', 'err'].map((name) => join(this.#directory, `${number}.${name}`));
    const fds = files.map((file) => openSync(file, 'w'));
    const child = spawn(...this.#container.inside(['wine64', ...command]), {
      env: { ...env, ...more },
      stdio: ['ignore', ...fds],
    });
    for (const fd of fds) closeSync(fd);
    const [stdout, stderr] = files.map((file) => () => readFileSync(file, 'utf8'));
    const ended = once(child, 'close').then(([code]) => ({
      code,
      stdout: stdout?.() ?? '',
      stderr: stderr?.() ?? '',
    }));
    return { stderr: () => stderr?.() ?? '', ended };
  }

  run(program: string, ...args: string[]): Promise<Ended> {
    return this.start(program, args).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A Debian with Wine, which keeps its C: in that directory. */
async function contained(directory: string): Promise<Container | Error> {
  const prefix = join(directory, 'prefix');
  mkdirSync(prefix);
  const args = ['--machine=windows', '--as-pid2', `--bind=${prefix}:/prefix`];
  const command = ['sh', '-c', 'echo ready; exec sleep infinity'];
  try {
    const container = await Container.start(debianTree(debian), [...args, ...command]);
    try {
      // Before that it may see the files of this system.
      await until(() => container.output.includes('ready'));
    } catch (error) {
      throw await container.failed(error);
    }
    return container;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

async function makePrograms(directory: string, into: string): Promise<void> {
  const target = targets.find(({ platform }) => platform === 'win32');
  if (!target) throw new Error('no binary is made for Windows');
  const work = join(directory, 'make');
  mkdirSync(work);
  const base = makeBase(readLockfile(), target, work);
  const bundle = fileURLToPath(new URL('tool.cjs', import.meta.url));
  await makeBinary(target, { bundle, base, directory: work }, join(into, 'tool.exe'));
  rmSync(work, { recursive: true });
  const program = new URL(`../../dist/${fileOf(target)}`, import.meta.url);
  copyFileSync(program, join(into, 'conductor-loop.exe'));
}
