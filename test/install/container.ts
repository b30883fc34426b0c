import { type ChildProcess, type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { until } from '../tools/until.ts';

/**
 * systemd-nspawn as the first process of a namespace of processes, which ends with this process,
 * however this one ends: the container ends with that first process, and would not else.
 */
const ENDS_WITH_US = [
  ...['--pdeathsig', 'KILL', '--'],
  ...['unshare', '--fork', '--pid', '--kill-child', '--mount-proc', '--', 'systemd-nspawn'],
];

/** A system in a container. What it changes of its tree is in memory, and gone with it. */
export class Container {
  readonly #container: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';
  #init = 0;

  /** `args` are those of systemd-nspawn that say what is seen in there and what runs. */
  static async start(tree: string, args: readonly string[]): Promise<Container> {
    const container = new Container(tree, args);
    try {
      container.#init = await until(() => container.#findInit());
    } catch (error) {
      throw await container.failed(error);
    }
    return container;
  }

  private constructor(tree: string, args: readonly string[]) {
    const usual = ['--quiet', '--register=no', '--keep-unit', '--volatile=overlay'];
    this.#container = spawn(
      'setpriv',
      [...ENDS_WITH_US, ...usual, '--private-network', '--console=pipe', '-D', tree, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#ended = once(this.#container, 'close');
    for (const stream of [this.#container.stdout, this.#container.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** The number of its first process for those outside. */
  get pid(): number {
    return this.#init;
  }

  /** The process that is the first one in there. */
  #findInit(): number | null {
    if (this.#container.exitCode !== null) throw new Error('systemd-nspawn ended');
    const nspawn = childrenOf(this.#container.pid)[0];
    return childrenOf(nspawn).find((pid) => /^NSpid:.*\t1$/m.test(statusOf(pid))) ?? null;
  }

  /** What it has said. */
  get output(): string {
    return this.#output;
  }

  /** The command that runs another one in there. */
  inside(command: readonly string[]): [string, string[]] {
    return ['nsenter', ['--target', `${this.#init}`, '--all', '--root', '--wd', '--', ...command]];
  }

  /** Runs a command in there and gives what came of it. */
  run(command: readonly string[], options: SpawnSyncOptions) {
    return spawnSync(...this.inside(command), { timeout: 120_000, ...options, encoding: 'utf8' });
  }

  /** Ends it, and gives the error with what the container said. */
  async failed(cause: unknown): Promise<Error> {
    await this[Symbol.asyncDispose]();
    return new Error(`the container does not work: ${this.#output.slice(-1500)}`, { cause });
  }

  /** Nothing runs in there any more after it: systemd-nspawn ends after the last process. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#container;
    if (this.#init === 0) this.#container.kill('SIGKILL');
    else if (exitCode === null && signalCode === null) process.kill(this.#init, 'SIGKILL');
    await this.#ended;
  }
}

function childrenOf(parent: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statusOf(pid).includes(`\nPPid:\t${parent}\n`));
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
