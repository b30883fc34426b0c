import process from 'node:process';

/** Of a look that takes its time, the next one waits so many times as long. */
const PATIENCE = 4;

/** So long to wait after a look: a huge spool must not become the only thing that the machine does. */
export function pauseMs(intervalMs: number, tookMs: number): number {
  return Math.max(intervalMs, PATIENCE * tookMs);
}

const stops = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a step again and again, until a signal comes; gives what the last one gave. */
export async function repeat(intervalMs: number, step: () => Promise<number>): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const name of stops) process.on(name, onSignal);
  // Whoever reads us has gone: nobody wants more of it.
  process.stdout.on('error', onSignal);
  try {
    for (;;) {
      const begun = performance.now();
      const last = await step();
      await pause(pauseMs(intervalMs, performance.now() - begun), stop.signal);
      if (stop.signal.aborted) return last;
    }
  } finally {
    for (const name of stops) process.off(name, onSignal);
    process.stdout.off('error', onSignal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
