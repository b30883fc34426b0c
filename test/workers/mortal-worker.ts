/** The real worker, but reading a file named `deadly`, looking at it or running for an intent of it ends the thread. */
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { toWorker } from '../../src/workers/messages.ts';

parentPort?.on('message', (data: unknown) => {
  const message = toWorker.parse(data);
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
await import('../../src/workers/worker.ts');
