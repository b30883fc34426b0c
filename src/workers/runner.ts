/** A thread that runs porch as a program, and answers each message once. */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { runPorchNative } from '../porch/native/run.ts';
import { NativeSpawner } from '../porch/native/spawner.ts';
import { runPorch } from '../porch/run.ts';
import type { PorchRequest, PorchResult, PorchRun, SpawnerName } from '../porch/types.ts';
import { type Said, toRunner } from './messages.ts';
import { send, serve, sync } from './serve.ts';

/** A run that lasts longer keeps neither results nor runs waiting behind it. */
const LONG_MS = 50;

const running = new Set<PorchRun>();
let nativeSpawner: NativeSpawner | null = null;
let isWantedBack = false;

serve(toRunner, handle);

async function handle(message: Said['runner']): Promise<void> {
  if (message.type === 'cancel') {
    for (const run of running) run.cancel(message.signal);
  } else if (message.type === 'ping') {
    send({ type: 'pong' });
  } else if (message.type === 'warm') {
    warm(message.spawner);
    send({ type: 'warmed' });
  } else if (message.type === 'sync') {
    sync(message);
  } else if (message.spawner === 'native') {
    runNative(message);
  } else {
    const results = await Promise.all(message.requests.map(runPortable));
    send({ type: 'ran', id: message.id, results, returned: 0, done: true });
  }
}

/** What the first run would wait for is loaded while it settles. What fails here fails then, too. */
function warm(spawner: SpawnerName): void {
  if (spawner !== 'native') return;
  try {
    nativeSpawner ??= startNativeSpawner();
  } catch {}
}

type Run = Extract<Said['runner'], { type: 'run' }>;

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
    const message = toRunner.parse(next.message);
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

async function runPortable(request: PorchRequest): Promise<PorchResult> {
  const run = runPorch(request);
  running.add(run);
  try {
    return await run.result;
  } finally {
    running.delete(run);
  }
}
