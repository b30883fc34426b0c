import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { booting, debianTree } from '../install/debian.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const dockerfile = 'deploy/container/Dockerfile';

/** What an image says of how it is run. */
const imageConfig = z.object({
  Docker: z.object({
    config: z.object({
      User: z.string(),
      Env: z.array(z.string()),
      Entrypoint: z.array(z.string()),
      WorkingDir: z.string(),
      Volumes: z.record(z.string(), z.object({})),
      StopSignal: z.string(),
      ExposedPorts: z.record(z.string(), z.object({})),
      Healthcheck: z.object({ Test: z.array(z.string()) }),
      Labels: z.record(z.string(), z.string()),
    }),
  }),
});

export type ImageConfig = z.infer<typeof imageConfig>['Docker']['config'];

/** An image, taken out of the store of its builder: what it says, and its root file system. */
export type Image = { config: ImageConfig; root: string };

/** What is missing on this machine for building and running an image; null where nothing is. */
export function containerProblem(): string | null {
  if (process.platform !== 'linux') return 'only Linux has containers of this kind';
  if (process.getuid?.() !== 0) return 'only root may make files for other users';
  const missing = ['buildah', 'bwrap', 'debootstrap', 'nsenter', 'setpriv'].find(
    (tool) => spawnSync(tool, ['--version']).error !== undefined,
  );
  return missing === undefined ? null : `${missing} is not installed`;
}

/** What a builder says where no package can be fetched. */
const offline = /Temporary failure resolving|Could not resolve|Could not connect|Unable to connect/;

const name = 'localhost/conductor-loop';
const base = 'localhost/debian';

/** A builder whose store and all that it makes lie in a directory of their own. */
class Builder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What buildah prints. Throws with all that it says. */
  run(...args: string[]): string {
    const places = ['root', 'runroot'].flatMap((one) => [`--${one}`, join(this.#directory, one)]);
    const all = [...places, '--storage-driver', 'vfs', ...args];
    const result = spawnSync('buildah', all, { cwd: checkout, encoding: 'utf8' });
    if (result.status === 0) return result.stdout.trim();
    const said = `${result.stdout}${result.stderr}`.slice(-2000);
    throw new Error(`buildah ${args.join(' ')}: ${said}`);
  }

  /** In place of the Debian that would be pulled, one that debootstrap has made. */
  makeBase(): void {
    this.run('from', '--name', 'debian', 'scratch');
    this.run('add', '--quiet', 'debian', debianTree(booting), '/');
    this.run('run', '--isolation', 'chroot', 'debian', 'true');
    this.run('commit', '--quiet', '--rm', 'debian', base);
  }

  /** In the form of Docker: that of OCI has no health check. */
  build(): void {
    const how = ['--isolation', 'chroot', '--format', 'docker', '--build-arg', `DEBIAN=${base}`];
    this.run('build', ...how, '-t', name, '-f', dockerfile, '.');
  }

  unpack(): Image {
    const { config } = imageConfig.parse(
      JSON.parse(this.run('inspect', '--type', 'image', name)),
    ).Docker;
    this.run('from', '--name', 'ours', name);
    const root = join(this.#directory, 'unpacked');
    spawnSync('cp', ['--archive', this.run('mount', 'ours'), root], { stdio: 'inherit' });
    // What runs as another user comes through to it.
    chmodSync(root, 0o755);
    // Where whoever starts a container puts these.
    for (const place of ['proc', 'dev']) mkdirSync(join(root, place), { recursive: true });
    return { config, root };
  }
}

/**
 * Builds the image as our Dockerfile says, below `directory`; a text where this machine forbids it, or
 * cannot fetch Debian's packages. Throws with what the builder says where the Dockerfile is at fault.
 */
export function buildImage(directory: string): Image | string {
  const builder = new Builder(directory);
  try {
    builder.makeBase();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  try {
    builder.build();
  } catch (error) {
    if (error instanceof Error && offline.test(error.message)) return error.message;
    throw error;
  }
  return builder.unpack();
}
