/** A thread that runs porch as a program, and answers each message once. */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { NativeSpawner } from '../porch/native/spawner.ts';
import { runPorch } from '../porch/run.ts';
import type { PorchRequest, PorchResult, PorchRun, SpawnerName } from '../porch/types.ts';
import { type Said, toRunner } from './messages.ts';
import { NativeRuns, type Run } from './native-runs.ts';
import { send, serve } from './serve.ts';

const running = new Set<PorchRun>();
let nativeRuns: NativeRuns | null = null;

serve(toRunner, handle);

async function handle(message: Said['runner']): Promise<void> {
  if (message.type === 'cancel') {
    for (const run of running) run.cancel(message.signal);
  } else if (message.type === 'ping') {
    send({ type: 'pong' });
  } else if (message.type === 'warm') {
    warm(message.spawner);
    send({ type: 'warmed' });
  } else if (message.spawner === 'native') {
    nativeRuns ??= startNativeRuns();
    nativeRuns.work(message);
  } else {
    const results = await Promise.all(message.requests.map(runPortable));
    send({ type: 'ran', id: message.id, results, returned: 0, done: true });
  }
}

/** What the first run would wait for is loaded while it settles. What fails here fails then, too. */
function warm(spawner: SpawnerName): void {
  if (spawner !== 'native') return;
  try {
    nativeRuns ??= startNativeRuns();
  } catch {}
}

/** The next run that was sent to this thread; whatever else was sent before it is answered. */
function nextRun(): Run | null {
  if (!parentPort) return null;
  for (let next = receiveMessageOnPort(parentPort); next; next = receiveMessageOnPort(parentPort)) {
    const message = toRunner.parse(next.message);
    if (message.type === 'run') return message;
    void handle(message);
  }
  return null;
}

function startNativeRuns(): NativeRuns {
  const spawner = new NativeSpawner(() => nativeRuns?.handBack());
  send({ type: 'control', fd: spawner.control, ends: spawner.controlEnds });
  return new NativeRuns(spawner, send, nextRun);
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
