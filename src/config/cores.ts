import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path/posix';

const mostAutomaticWorkers = 16;

/**
 * Porch runs at a time when nobody says how many: cores + cores/2 of what this cgroup may use, at
 * least 1 and at most 16.
 */
export function automaticWorkers(read: ReadText = readTextFile): number {
  const cores = Math.max(1, Math.floor(Math.min(availableParallelism(), cgroupCores(read))));
  return Math.min(mostAutomaticWorkers, cores + Math.floor(cores / 2));
}

/** Gives the text of a file, or undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/**
 * The number of cores whose time the cgroup of this process and those above it may use; Infinity
 * where there is no limit or no cgroup. Formats: cpu.max of
 * https://docs.kernel.org/admin-guide/cgroup-v2.html and cpu.cfs_quota_us of
 * https://docs.kernel.org/scheduler/sched-bwc.html
 */
export function cgroupCores(read: ReadText): number {
  let cores = Number.POSITIVE_INFINITY;
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [hierarchy, controllers, ...rest] = line.split(':');
    const path = rest.join(':');
    if (hierarchy === '0' && controllers === '') {
      cores = Math.min(
        cores,
        least(path, (group) => coresOfV2(read, group)),
      );
    } else if (controllers?.split(',').includes('cpu')) {
      cores = Math.min(
        cores,
        least(path, (group) => coresOfV1(read, group)),
      );
    }
  }
  return cores;
}

/** Every group above limits those in it, so the least of all counts. */
function least(path: string, coresOf: (group: string) => number): number {
  let cores = Number.POSITIVE_INFINITY;
  // `/../..` is how a namespace shows a group outside it, of which no directory can be seen.
  for (let group = path.startsWith('/..') ? '/' : path; ; group = dirname(group)) {
    cores = Math.min(cores, coresOf(group));
    if (group === '/' || group === '.' || group === '') return cores;
  }
}

function coresOfV2(read: ReadText, group: string): number {
  const [quota, period] = (read(join('/sys/fs/cgroup', group, 'cpu.max')) ?? '').split(/\s+/);
  return quotient(quota, period);
}

function coresOfV1(read: ReadText, group: string): number {
  const directory = join('/sys/fs/cgroup/cpu', group);
  return quotient(
    read(join(directory, 'cpu.cfs_quota_us')),
    read(join(directory, 'cpu.cfs_period_us')),
  );
}

/** Infinity for `max`, -1 and whatever else is no limit. */
function quotient(quota: string | undefined, period: string | undefined): number {
  const cores = Number.parseFloat(quota ?? '') / Number.parseFloat(period ?? '');
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
