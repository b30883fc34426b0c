import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, syncFileSystemAside } from '../platform/index.ts';
import { errorLogName, type Layout, statusName } from './layout.ts';

/** An intent that has its status and its place. */
export type Filed = { name: string; to: string };

/** Makes few filed intents durable: status, error log and the names of all. Throws errno errors. */
export async function syncFiled(layout: Layout, filed: readonly Filed[]): Promise<void> {
  for (const { name, to } of filed) {
    await syncIfThere(join(layout.status, statusName(name)));
    if (to.startsWith('failed/')) await syncIfThere(errorLogName(join(layout.handoff, to)));
  }
  const { status, processed, failed, inflight, handoff } = layout;
  for (const path of [status, processed, failed, inflight, handoff]) await syncIfThere(path);
}

/**
 * Makes all that was filed durable. Where the system has no call for that, it does so by itself within
 * some seconds. Throws errno errors.
 */
export async function syncSpool({ handoff, status }: Layout): Promise<void> {
  const devices = new Map<number, string>();
  for (const path of [status, handoff]) {
    const found = await ifThere(stat(path));
    if (found) devices.set(found.dev, path);
  }
  await Promise.all([...devices.values()].map(syncFileSystemAside));
}

async function syncIfThere(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = await ifThere(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  try {
    await file?.sync();
  } finally {
    await file?.close();
  }
}

/** What is gone was removed by somebody who did not want it any more: null. */
function ifThere<T>(step: Promise<T>): Promise<T | null> {
  return step.catch((error) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return null;
    throw error;
  });
}
