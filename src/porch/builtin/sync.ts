import { closeSync, fsyncSync, lstatSync, openSync } from 'node:fs';
import { syncFileSystem } from '../../platform/index.ts';

/** From this many on, one sync of the file system costs less than one for each file. */
const sharedFrom = 4;

/** Things that stand in directories and are to be on disk. */
type Syncing<T> = {
  dirOf(item: T): string;
  /** Syncs this one alone. */
  sync(item: T): void;
  failed(item: T, error: unknown): void;
};

/** Syncs each item alone, or the file systems that hold them at once. Throws nothing. */
export function syncAll<T>(items: readonly T[], syncing: Syncing<T>): void {
  const left = items.length < sharedFrom ? items : syncShared(items, syncing);
  for (const item of left) {
    try {
      syncing.sync(item);
    } catch (error) {
      syncing.failed(item, error);
    }
  }
}

/** Returns those that this system cannot sync so. A directory may be a mount of its own. */
function syncShared<T>(items: readonly T[], { dirOf, failed }: Syncing<T>): T[] {
  const devices = new Map<number, { dir: string; items: T[] }>();
  for (const item of items) {
    try {
      const dir = dirOf(item);
      const { dev } = lstatSync(dir);
      const device = devices.get(dev) ?? { dir, items: [] };
      device.items.push(item);
      devices.set(dev, device);
    } catch (error) {
      failed(item, error);
    }
  }
  return [...devices.values()].flatMap((device) => {
    try {
      return syncFileSystem(device.dir) ? [] : device.items;
    } catch (error) {
      for (const item of device.items) failed(item, error);
      return [];
    }
  });
}

/** Windows flushes only what is open for writing. */
export function syncFile(path: string): void {
  syncOpened(path, 'r+');
}

/** Windows cannot open a directory as a file; NTFS keeps names in its own journal. */
export function syncDirectory(path: string): void {
  if (process.platform !== 'win32') syncOpened(path, 'r');
}

function syncOpened(path: string, flags: 'r' | 'r+'): void {
  const fd = openSync(path, flags);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
