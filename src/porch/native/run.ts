import { porchEnvironment } from '../environment.ts';
import { signalGroup } from '../group.ts';
import { drainMs, type RunOptions } from '../run.ts';
import {
  failedToStart,
  failedWhileReplaced,
  lookBefore,
  ownEnvironment,
  porchArguments,
} from '../start.ts';
import type { PorchRequest, PorchResult } from '../types.ts';
import type { NativeSpawner } from './spawner.ts';

/**
 * Does what `runPorch` does, by the native spawner: with the same result, and the thread blocked
 * until it is there.
 */
export function runPorchNative(
  spawner: NativeSpawner,
  request: PorchRequest,
  options: RunOptions = {},
): PorchResult {
  const before = lookBefore(request);
  if (before.refused) return before.refused;
  const environment = Object.entries(porchEnvironment(request, ownEnvironment));
  const args = porchArguments(request);
  const env = environment.map(([name, value]) => `${name}=${value}`);
  // The C library would take a text for ended where it holds a zero byte.
  const cut = [...args, ...env].find((text) => text.includes('\0'));
  if (cut !== undefined) {
    return failedToStart(request, new Error('an argument holds a zero byte'));
  }
  try {
    const { endedBy, ...ended } = spawner.run({
      ...{ path: request.porch, args, env, timeoutMs: request.timeoutMs, drainMs },
      killAfterMs: options.killAfterMs ?? 5000,
      graceMs: options.graceMs ?? 200,
      long: options.long ?? null,
      signalGroup: options.signalGroup ?? signalGroup,
    });
    const end = {
      ...{ ...ended, startError: null },
      timedOut: endedBy === 'timeout',
      cancelled: endedBy === 'cancel',
    };
    return { ...end, replaced: failedWhileReplaced(request, end, before) };
  } catch (error) {
    return failedToStart(request, error);
  }
}
