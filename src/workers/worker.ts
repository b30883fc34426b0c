/** The thread's side: reads and checks intents, runs porch, answers each message once. */
import { parentPort } from 'node:worker_threads';
import { checkFile } from '../intent/read.ts';
import { errnoOf, syncFileSystem } from '../platform/index.ts';
import { runBuiltin } from '../porch/builtin/run.ts';
import { runPorchNative } from '../porch/native/run.ts';
import { NativeSpawner } from '../porch/native/spawner.ts';
import { runPorch } from '../porch/run.ts';
import type { PorchRequest, PorchResult, PorchRun } from '../porch/types.ts';
import { type FromWorker, type ToWorker, toWorker } from './messages.ts';

const running = new Set<PorchRun>();
let nativeSpawner: NativeSpawner | null = null;

const send = (message: FromWorker) => parentPort?.postMessage(message);

parentPort?.on('message', (data: unknown) => {
  void handle(toWorker.parse(data));
});

async function handle(message: ToWorker): Promise<void> {
  if (message.type === 'cancel') {
    for (const run of running) run.cancel(message.signal);
  } else if (message.type === 'ping') {
    send({ type: 'pong' });
  } else if (message.type === 'check') {
    const results = message.paths.map((path) => checkFile(path, message.limits));
    send({ type: 'checked', id: message.id, results });
  } else if (message.type === 'sync') {
    send({ type: 'synced', id: message.id, error: sync(message.path) });
  } else {
    send({ type: 'ran', id: message.id, results: await run(message) });
  }
}

function sync(path: string): { errno: string; message: string } | null {
  try {
    // Where the system has no such call, it syncs by itself within some seconds.
    syncFileSystem(path);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { errno: errnoOf(error) ?? 'EIO', message };
  }
}

type Run = Extract<ToWorker, { type: 'run' }>;

async function run({ requests, limits, spawner }: Run): Promise<PorchResult[]> {
  if (requests[0]?.porch === 'builtin') return runBuiltin(requests, limits);
  if (spawner === 'node') return Promise.all(requests.map(runExternal));
  nativeSpawner ??= startNativeSpawner();
  const native = nativeSpawner;
  return requests.map((request) => runPorchNative(native, request));
}

function startNativeSpawner(): NativeSpawner {
  const spawner = new NativeSpawner();
  send({ type: 'control', fd: spawner.control, ends: spawner.controlEnds });
  return spawner;
}

async function runExternal(request: PorchRequest): Promise<PorchResult> {
  const run = runPorch(request);
  running.add(run);
  try {
    return await run.result;
  } finally {
    running.delete(run);
  }
}
