import { setTimeout as delay } from 'node:timers/promises';
import type { Lifecycle } from './lifecycle.ts';
import { EXIT } from './parts.ts';
import { onStopSignals, signalExitCode } from './signals.ts';

export type SuccessionParts = {
  /** Takes the directory into possession. */
  assemble(): Promise<Lifecycle>;
  /** Told once why the directory that took the place of ours cannot be taken into possession. */
  refused(error: unknown): void;
  /** How often that is tried again; it may change. */
  times: { readonly periodMs: number };
};

/**
 * Runs the program on its directory, and whenever another took the place of that, anew on the other
 * one: nothing that is known of the old is true there. What keeps the first from starting is thrown.
 */
export async function runInSuccession(parts: SuccessionParts): Promise<number> {
  let lifecycle: Lifecycle | null = await parts.assemble();
  while (lifecycle) {
    const exitCode = await lifecycle.run();
    if (exitCode !== 'replaced') return exitCode;
    lifecycle = await assembleAnew(parts);
  }
  return EXIT.ok;
}

/** Null where the program was told to stop meanwhile. */
async function assembleAnew({ assemble, refused, times }: SuccessionParts) {
  const stopped = new AbortController();
  const unlisten = onStopSignals(
    () => stopped.abort(),
    (signal) => process.exit(signalExitCode(signal)),
  );
  try {
    for (let said = false; !stopped.signal.aborted; said = true) {
      try {
        const lifecycle = await assemble();
        if (!stopped.signal.aborted) return lifecycle;
      } catch (error) {
        if (!said) refused(error);
      }
      await delay(times.periodMs, undefined, stopped).catch(() => {});
    }
    return null;
  } finally {
    unlisten();
  }
}
