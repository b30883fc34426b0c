/** What all kinds of threads have in common. */
import { parentPort } from 'node:worker_threads';
import type * as z from 'zod/mini';
import { errnoOf, syncFileSystem } from '../platform/index.ts';
import type { FromWorker } from './answers.ts';
import type { Sync } from './messages.ts';

export const send = (message: FromWorker) => parentPort?.postMessage(message);

/** What is not meant for this kind of thread ends it, and whoever has asked is told. */
export function serve<M>(schema: z.ZodMiniType<M>, handle: (message: M) => unknown): void {
  parentPort?.on('message', (data: unknown) => {
    void handle(schema.parse(data));
  });
}

export function sync({ id, path }: Sync): void {
  send({ type: 'synced', id, error: trySync(path) });
}

function trySync(path: string): { errno: string; message: string } | null {
  try {
    // Where the system has no such call, it syncs by itself within some seconds.
    syncFileSystem(path);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { errno: errnoOf(error) ?? 'EIO', message };
  }
}
