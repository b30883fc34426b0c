/** The thread's side: reads and checks intents, runs porch, answers each message once. */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { checkContent } from '../intent/content.ts';
import { checkFile } from '../intent/read.ts';
import { errnoOf, modificationTimes, syncFileSystem } from '../platform/index.ts';
import { runPorchNative } from '../porch/native/run.ts';
import { NativeSpawner } from '../porch/native/spawner.ts';
import { runPorch } from '../porch/run.ts';
import type { PorchRequest, PorchResult, PorchRun } from '../porch/types.ts';
import { type FromWorker, type ToWorker, toWorker, type WarmUp } from './messages.ts';

/** A run that lasts longer keeps neither results nor runs waiting behind it. */
const LONG_MS = 50;

const running = new Set<PorchRun>();
let nativeSpawner: NativeSpawner | null = null;
let isWantedBack = false;

const send = (message: FromWorker) => parentPort?.postMessage(message);

parentPort?.on('message', (data: unknown) => {
  void handle(toWorker.parse(data));
});

async function handle(message: ToWorker): Promise<void> {
  if (message.type === 'cancel') {
    for (const run of running) run.cancel(message.signal);
  } else if (message.type === 'ping') {
    send({ type: 'pong' });
  } else if (message.type === 'warm') {
    await warm(message);
    send({ type: 'warmed' });
  } else if (message.type === 'check') {
    const results = message.paths.map((path) => checkFile(path, message.limits));
    send({ type: 'checked', id: message.id, results });
  } else if (message.type === 'look') {
    const times = modificationTimes(message.directory, message.rawNames);
    send({ type: 'seen', id: message.id, times });
  } else if (message.type === 'sync') {
    send({ type: 'synced', id: message.id, error: sync(message.path) });
  } else {
    await run(message);
  }
}

/** An intent that is in order: reading it has everything compiled that reading takes. */
const sample = Buffer.from(
  '{"intent_type":"scaling","target":"a","namespace":"a","replicas":1,"reason":"a"}',
);

/** What the first work would wait for is loaded while it settles. What fails here fails then, too. */
async function warm({ work, limits }: WarmUp): Promise<void> {
  if (work === 'check') checkContent(sample, limits);
  if (work === 'builtin') await import('../porch/builtin/run.ts');
  if (work !== 'native') return;
  try {
    nativeSpawner ??= startNativeSpawner();
  } catch {}
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

async function run(message: Run): Promise<void> {
  const { id, requests, limits, spawner } = message;
  const isBuiltin = requests[0]?.porch === 'builtin';
  if (!isBuiltin && spawner === 'native') return runNative(message);
  const results = isBuiltin
    ? await runEmbedded(requests, limits)
    : await Promise.all(requests.map(runExternal));
  send({ type: 'ran', id, results, returned: 0, done: true });
}

/** Loaded only where it is the porch: a thread that does without needs 3 MB less. */
async function runEmbedded(requests: PorchRequest[], limits: Run['limits']) {
  const { runBuiltin } = await import('../porch/builtin/run.ts');
  return runBuiltin(requests, limits);
}

/** One after another; when one of them takes long, or something else is wanted, the rest goes back. */
function runNative({ id, requests }: Run): void {
  nativeSpawner ??= startNativeSpawner();
  isWantedBack = false;
  const left = [...requests];
  let results: PorchResult[] = [];
  for (let next = left.shift(); next; next = isWantedBack ? undefined : left.shift()) {
    const tell = () => {
      send({ type: 'ran', id, results, returned: left.splice(0).length, done: false });
      results = [];
    };
    const result = runPorchNative(nativeSpawner, next, { long: { afterMs: LONG_MS, tell } });
    results.push(result);
  }
  send({ type: 'ran', id, results, returned: left.length, done: true });
}

/** What has been sent to this thread and has not begun, while it waits for a porch. */
function handBackQueued(): void {
  if (!parentPort) return;
  isWantedBack = true;
  for (let next = receiveMessageOnPort(parentPort); next; next = receiveMessageOnPort(parentPort)) {
    const message = toWorker.parse(next.message);
    if (message.type === 'run') {
      const returned = message.requests.length;
      send({ type: 'ran', id: message.id, results: [], returned, done: true });
    } else {
      void handle(message);
    }
  }
}

function startNativeSpawner(): NativeSpawner {
  const spawner = new NativeSpawner(handBackQueued);
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
