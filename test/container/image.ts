import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { debianTree } from '../install/debian.ts';

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

/**
 * Builds the image as our Dockerfile says, of a Debian that debootstrap has made in place of the one
 * that would be pulled. All of it lies below `directory`. Throws with what the builder says.
 */
export function buildImage(directory: string): Image {
  const buildah = (...args: string[]) => {
    const store = ['--root', join(directory, 'store'), '--runroot', join(directory, 'run')];
    const all = [...store, '--storage-driver', 'vfs', ...args];
    const { status, stdout, stderr } = spawnSync('buildah', all, {
      cwd: checkout,
      encoding: 'utf8',
    });
    if (status !== 0) {
      throw new Error(`buildah ${args.join(' ')}: ${(stdout + stderr).slice(-2000)}`);
    }
    return stdout.trim();
  };
  buildah('from', '--name', 'debian', 'scratch');
  buildah('add', '--quiet', 'debian', debianTree(), '/');
  buildah('commit', '--quiet', '--rm', 'debian', 'localhost/debian');
  // The form of Docker: that of OCI has no health check.
  const how = ['--isolation', 'chroot', '--format', 'docker', '--build-arg'];
  const name = 'localhost/conductor-loop';
  buildah('build', ...how, 'DEBIAN=localhost/debian', '-t', name, '-f', dockerfile, '.');
  const { config } = imageConfig.parse(
    JSON.parse(buildah('inspect', '--type', 'image', name)),
  ).Docker;
  buildah('from', '--name', 'ours', name);
  const root = join(directory, 'root');
  // What runs as another user comes through to it.
  spawnSync('cp', ['--archive', buildah('mount', 'ours'), root], { stdio: 'inherit' });
  chmodSync(root, 0o755);
  // Where whoever starts a container puts these.
  for (const place of ['proc', 'dev']) mkdirSync(join(root, place), { recursive: true });
  return { config, root };
}
