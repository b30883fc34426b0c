import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { stripped } from './elf.ts';
import { type Locked, type Lockfile, root } from './lockfile.ts';
import type { Target } from './targets.ts';

/** The entry of the package that brings Node for a target. */
export function lockedBase({ packages }: Lockfile, { base }: Target): Locked {
  const found = packages.find(({ path }) => path === `node_modules/${base.package}`);
  if (!found) throw new Error(`package-lock.json has no ${base.package}`);
  return found;
}

/**
 * Node for the target, ready to be made into our binary: a file in `directory`. That of this
 * machine npm has installed and checked already; the others it will not install here, so they are
 * fetched as what they are, archives, and held against the lockfile.
 */
export function makeBase(lockfile: Lockfile, target: Target, directory: string): string {
  const locked = lockedBase(lockfile, target);
  const installed = join(root, locked.path);
  const isInstalled = existsSync(join(installed, target.base.file));
  const from = isInstalled ? installed : unpack(fetch(locked, directory), target, directory);
  const node = readFileSync(join(from, target.base.file));
  const made = join(directory, `base-${target.name}`);
  writeFileSync(made, target.platform === 'linux' ? stripped(node) : node, { mode: 0o755 });
  return made;
}

function fetch(locked: Locked, directory: string): string {
  const wanted = `${locked.name}@${locked.version}`;
  const into = join(directory, `${locked.name}-archive`);
  mkdirSync(into);
  console.log(`fetching ${wanted}`);
  npm(['pack', wanted, '--ignore-scripts', '--silent', '--pack-destination', into], wanted);
  const [name] = readdirSync(into);
  if (name === undefined) throw new Error(`npm pack ${wanted} made no file`);
  const archive = join(into, name);
  verify(archive, locked);
  return archive;
}

/** Throws unless the file has the digest that the lockfile has for the package. */
export function verify(archive: string, { name, version, sha512 }: Locked): void {
  const found = createHash('sha512').update(readFileSync(archive)).digest('hex');
  if (found === sha512) return;
  throw new Error(
    `${name}@${version} is not what package-lock.json says: its sha512 is ${found}, ` +
      `and ${sha512} was expected; nothing was made of it. Ask where your registry has it from`,
  );
}

/** Of npm packages everything lies in `package/`. */
function unpack(archive: string, { base }: Target, directory: string): string {
  const into = join(directory, `${base.package}-unpacked`);
  mkdirSync(into);
  run('tar', ['-xzf', archive, '-C', into, `package/${base.file}`], `unpack ${base.package}`);
  return join(into, 'package');
}

/** The npm that runs this script, else the one in the path. */
function npm(args: readonly string[], what: string): void {
  const script = process.env.npm_execpath;
  if (script === undefined) run('npm', args, `fetch ${what}`);
  else run(process.execPath, [script, ...args], `fetch ${what}`);
}

function run(command: string, args: readonly string[], what: string): void {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (error) throw new Error(`cannot ${what}: ${error.message}`);
  if (status !== 0) throw new Error(`cannot ${what}: ${command} ended with ${status}`);
}
