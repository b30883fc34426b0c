import { closeSync, openSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { controlWords } from '../../src/porch/native/spawner.ts';
import { type RunOptions, runPorch } from '../../src/porch/run.ts';
import type { PorchRequest, PorchResult, PorchRun } from '../../src/porch/types.ts';

/** Each way of starting porch, behind the interface of the portable one. */
export const spawners: {
  name: string;
  runPorch(request: PorchRequest, options?: RunOptions): PorchRun;
}[] = [{ name: 'node', runPorch }];

if (process.platform === 'linux' && !('deno' in process.versions)) {
  spawners.push({ name: 'native', runPorch: runNative });
}

const source = `
  const { parentPort, workerData } = require('node:worker_threads');
  Promise.all([import(workerData.spawner), import(workerData.run)]).then(([spawners, porch]) => {
    const spawner = new spawners.NativeSpawner();
    parentPort.postMessage({ control: spawner.control });
    const { request, options, sent } = workerData;
    // The test sees what would have been sent, and nothing is.
    if (sent) options.signalGroup = (leader, signal) => parentPort.postMessage({ leader, signal });
    const run = new porch.NativePorch(spawner, request, options);
    run.wait();
    parentPort.postMessage({ result: run.result() });
  });`;

type Message = {
  control?: number;
  leader?: number;
  signal?: 'SIGTERM' | 'SIGKILL';
  result?: PorchResult;
};

/** The native spawner blocks its thread, so it gets one of its own. */
function runNative(request: PorchRequest, options: RunOptions = {}): PorchRun {
  const { signalGroup, ...rest } = options;
  const { promise, resolve, reject } = Promise.withResolvers<PorchResult>();
  const told: ('SIGTERM' | 'SIGKILL')[] = [];
  let control: number | null = null;
  const tell = () => {
    if (control !== null)
      for (const signal of told.splice(0)) writeSync(control, controlWords[signal]);
  };
  const worker = new Worker(source, {
    eval: true,
    trackUnmanagedFds: false,
    workerData: {
      spawner: import.meta.resolve('../../src/porch/native/spawner.ts'),
      run: import.meta.resolve('../../src/porch/native/run.ts'),
      request,
      options: rest,
      sent: signalGroup !== undefined,
    },
  });
  worker.on('error', reject);
  worker.on('message', (message: Message) => {
    if (message.control !== undefined) control = message.control;
    if (message.leader !== undefined && message.signal)
      signalGroup?.(message.leader, message.signal);
    if (message.result) resolve(message.result);
    tell();
  });
  const cancel = (signal: 'SIGTERM' | 'SIGKILL') => {
    told.push(signal);
    tell();
  };
  return { result: promise, cancel };
}

/** Descriptors that are open in this process, to see that none is left behind. */
export function lowestFreeDescriptor(): number {
  const fd = openSync('/dev/null', 'r');
  closeSync(fd);
  return fd;
}
