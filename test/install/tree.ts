import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const script = fromRoot('install.sh');
export const isRoot = process.getuid?.() === 0;

export const asset = `conductor-loop-linux-${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;

/** The tree of a system to install into, and a place to install from. */
export class Tree {
  readonly #directory = mkdtempSync(join(tmpdir(), 'conductor-install-'));
  readonly root = join(this.#directory, 'root');
  readonly release = join(this.#directory, 'release');

  constructor() {
    // What drops to an unprivileged user comes through.
    chmodSync(this.#directory, 0o755);
    mkdirSync(join(this.root, 'etc'), { recursive: true });
    writeFileSync(join(this.root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(join(this.root, 'etc/group'), 'root:x:0:\n');
    mkdirSync(this.release);
    this.publish('first');
  }

  /** A stand-in for the binary, with a mark that tells builds apart, and more that it does. */
  publish(mark: string, more = ''): void {
    this.#release(`echo '${mark}'\n${more}`);
  }

  /** The program itself, as it lies in the source. */
  publishSource(): void {
    this.#release(`exec '${process.execPath}' '${fromRoot('src/main.ts')}' "$@"`);
  }

  #release(command: string): void {
    const text = `#!/bin/sh\n${command}\n`;
    writeFileSync(join(this.release, asset), text, { mode: 0o755 });
    const digest = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(this.release, 'checksums.txt'), `${digest}  ${asset}\n`);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  /** Permissions in octal, and the owner's name where the tree knows it. */
  owned(name: string): string {
    const { mode, uid, gid } = lstatSync(this.path(name));
    return `${(mode & 0o7777).toString(8)} ${this.#name('passwd', uid)} ${this.#name('group', gid)}`;
  }

  #name(file: 'passwd' | 'group', id: number): string {
    const lines = this.read(`etc/${file}`).split('\n');
    return lines.find((line) => line.split(':')[2] === String(id))?.split(':')[0] ?? String(id);
  }

  /** Everything below the root with its mode, owner and content. */
  snapshot(): Record<string, string> {
    const names = readdirSync(this.root, { recursive: true, encoding: 'utf8' });
    const seen = names
      // The tools of the system keep backups and locks of their own.
      .filter((name) => !/^etc\/([a-z]+-|\.pwd\.lock)$/.test(name))
      .sort()
      .map((name) => {
        const content = lstatSync(this.path(name)).isFile() ? this.read(name) : '';
        return [name, `${this.owned(name)} ${content}`] as const;
      });
    return Object.fromEntries(seen);
  }

  /** A command of the system that the script finds before the real one. */
  pretend(command: string, shellScript: string): string {
    const directory = join(this.#directory, 'pretend');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, command), `#!/bin/sh\n${shellScript}\n`, { mode: 0o755 });
    return directory;
  }

  /** A copy of the script without anything beside it. */
  loneScript(): string {
    const copy = join(this.#directory, 'install.sh');
    cpSync(script, copy);
    return copy;
  }

  /** Runs the script on this tree. */
  install(args: readonly string[], options: InstallOptions = {}): SpawnSyncReturns<string> {
    const { from = this.release, before = '', lone = false } = options;
    const all = [lone ? this.loneScript() : script, '--root', this.root, '--from', from, ...args];
    return spawnSync('sh', all, { encoding: 'utf8', env: { PATH: pathAfter(before) } });
  }

  /** The same while this process goes on, for a server in it. */
  async installFrom(from: string): Promise<{ code: unknown; stderr: string }> {
    const args = [script, '--root', this.root, '--from', from];
    const child = spawn('sh', args, { env: { PATH: pathAfter('') }, stdio: 'pipe' });
    let stderr = '';
    child.stdout.resume();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, 'close');
    return { code, stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

type InstallOptions = {
  from?: string;
  /** A directory of commands that come before the system's. */
  before?: string;
  lone?: boolean;
};

function pathAfter(directory: string): string {
  return [directory, process.env.PATH, '/usr/sbin'].filter(Boolean).join(':');
}
