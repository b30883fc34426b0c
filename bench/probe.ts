/**
 * Loaded into the program before it begins (`node --import`): it watches from within what cannot be
 * seen from outside, and writes it to the file PROBE at the end. SIGUSR2 has it collect garbage
 * (`--expose-gc`) and note what is left.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

const WINDOW_MS = 50;

// Worker threads load it too.
if (isMainThread) {
  const stops: [until: number, ms: number][] = [];
  let memory = 0;
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  setInterval(() => {
    stops.push([Date.now(), delays.max / 1e6]);
    delays.reset();
  }, WINDOW_MS).unref();
  process.on('SIGUSR2', () => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    memory = heapUsed + external;
    writeFileSync(`${process.env.PROBE}.memory`, `${memory}`);
  });
  process.on('exit', () => writeFileSync(process.env.PROBE ?? '', JSON.stringify(stops)));
}
