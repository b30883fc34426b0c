/** What all kinds of threads have in common. */
import { parentPort } from 'node:worker_threads';
import type * as z from 'zod/mini';
import type { FromWorker } from './answers.ts';

export const send = (message: FromWorker) => parentPort?.postMessage(message);

/** What is not meant for this kind of thread ends it, and whoever has asked is told. */
export function serve<M>(schema: z.ZodMiniType<M>, handle: (message: M) => unknown): void {
  parentPort?.on('message', (data: unknown) => {
    void handle(schema.parse(data));
  });
}
