import { until } from '../tools/until.ts';
import { Container } from './container.ts';

const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** A booted system in a container. */
export class Machine {
  readonly #container: Container;

  /** Boots the tree; `shared` are directories of ours that it sees read-only, by their place there. */
  static async boot(tree: string, shared: Readonly<Record<string, string>>): Promise<Machine> {
    const binds = Object.entries(shared).map(([there, here]) => `--bind-ro=${here}:${there}`);
    const container = await Container.start(tree, ['--machine=conductor-loop', ...binds, '-b']);
    const machine = new Machine(container);
    try {
      await until(() =>
        /^(running|degraded)$/.test(machine.run(['systemctl', 'is-system-running']).stdout.trim()),
      );
    } catch (error) {
      throw await container.failed(error);
    }
    return machine;
  }

  private constructor(container: Container) {
    this.#container = container;
  }

  /** Runs a command in there and gives what came of it. */
  run(command: readonly string[]) {
    return this.#container.run(command, { env });
  }

  /** The standard output of a command line in there. Throws where it fails. */
  sh(line: string, user = 'root'): string {
    const { status, stdout, stderr } = this.run(['runuser', '-u', user, '--', 'sh', '-c', line]);
    if (status !== 0) throw new Error(`${line}: ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#container[Symbol.asyncDispose]();
  }
}
