import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { until } from '../tools/until.ts';

/** A booted system in a container. What it changes of its tree is in memory, and gone with it. */
export class Machine {
  readonly #container: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';
  #init = 0;

  /** Boots the tree; `shared` are directories of ours that it sees read-only, by their place there. */
  static async boot(tree: string, shared: Readonly<Record<string, string>>): Promise<Machine> {
    const machine = new Machine(tree, shared);
    try {
      machine.#init = await until(() => machine.#findInit());
      await until(() =>
        /^(running|degraded)$/.test(machine.run(['systemctl', 'is-system-running']).stdout.trim()),
      );
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw new Error(`the container does not boot: ${machine.#output.slice(-1500)}`, {
        cause: error,
      });
    }
    return machine;
  }

  private constructor(tree: string, shared: Readonly<Record<string, string>>) {
    const binds = Object.entries(shared).map(([there, here]) => `--bind-ro=${here}:${there}`);
    const args = [
      '--quiet',
      '--register=no',
      '--keep-unit',
      '--volatile=overlay',
      '--private-network',
    ];
    this.#container = spawn(
      'systemd-nspawn',
      [...args, '--machine=conductor-loop', '--console=pipe', ...binds, '-D', tree, '-b'],
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

  /** Runs a command in there and gives what came of it. */
  run(command: readonly string[]) {
    const args = ['--target', `${this.#init}`, '--all', '--root', '--wd', '--', ...command];
    return spawnSync('nsenter', args, {
      encoding: 'utf8',
      timeout: 120_000,
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    });
  }

  /** The standard output of a command line in there. Throws where it fails. */
  sh(line: string, user = 'root'): string {
    const { status, stdout, stderr } = this.run(['runuser', '-u', user, '--', 'sh', '-c', line]);
    if (status !== 0) throw new Error(`${line}: ${status}\n${stdout}${stderr}`);
    return stdout;
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
