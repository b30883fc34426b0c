import { type ChildProcess, type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { until } from '../tools/until.ts';

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
      'systemd-nspawn',
      [...usual, '--private-network', '--console=pipe', '-D', tree, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#ended = once(this.#container, 'close');
    // The container does not end with systemd-nspawn: the first process in there has to.
    process.on('exit', () => this.#kill());
    process.once('SIGTERM', () => process.exit(143));
    for (const stream of [this.#container.stdout, this.#container.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** The process that is the first one in there. */
  #findInit(): number | null {
    if (this.#container.exitCode !== null) throw new Error('systemd-nspawn ended');
    const found = readdirSync('/proc').find((name) => {
      if (!/^\d+$/.test(name)) return false;
      const status = textOf(`/proc/${name}/status`);
      return (
        status.includes(`\nPPid:\t${this.#container.pid}\n`) && /^NSpid:\t\d+\t1$/m.test(status)
      );
    });
    return found === undefined ? null : Number(found);
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

  #kill(): void {
    if (this.#container.exitCode !== null || this.#container.signalCode !== null) return;
    this.#container.kill('SIGTERM');
    if (this.#init > 0) process.kill(this.#init, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.#ended;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
