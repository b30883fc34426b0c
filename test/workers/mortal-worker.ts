/**
 * The real worker of the kind that is given, but reading a file named `deadly`, looking at it or
 * running for an intent of it ends the thread.
 */
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { toEmbedded, toReader, toRunner } from '../../src/workers/messages.ts';

const anything = z.union([toReader, toRunner, toEmbedded]);

parentPort?.on('message', (data: unknown) => {
  const message = anything.parse(data);
  const paths =
    message.type === 'check'
      ? message.paths
      : message.type === 'run'
        ? message.requests.map(({ intentPath }) => intentPath)
        : message.type === 'look'
          ? message.rawNames
          : [];
  for (const path of paths) {
    if (basename(path).startsWith('intent-deadly')) process.exit(3);
  }
});
await import(`../../src/workers/${workerData}.ts`);
