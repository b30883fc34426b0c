import { porchEnvironment } from '../environment.ts';
import { signalGroup } from '../group.ts';
import { drainMs, type RunOptions } from '../run.ts';
import {
  type Before,
  failedToStart,
  failedWhileReplaced,
  lookBefore,
  neverBegun,
  ownEnvironment,
  porchArguments,
} from '../start.ts';
import type { PorchRequest, PorchResult } from '../types.ts';
import type { NativeResult } from './child.ts';
import type { Running } from './running.ts';
import type { NativeSpawner } from './spawner.ts';

/**
 * Does what `runPorch` does, by the native spawner: with the same result, and in three steps, so that
 * the next porch can start before the last one is done with. Nothing here throws.
 */
export class NativePorch {
  readonly #request: PorchRequest;
  readonly #before: Before;
  #running: Running | null = null;
  /** Where it did not come to its end. */
  #result: PorchResult | null;

  /** Starts it. */
  constructor(spawner: NativeSpawner, request: PorchRequest, options: RunOptions = {}) {
    this.#request = request;
    this.#before = lookBefore(request);
    this.#result = this.#before.refused;
    if (!this.#result) this.#try(() => this.#start(spawner, options));
  }

  /** Blocks until it has ended. True where `result` takes no time then, unless somebody traces it. */
  wait(): boolean {
    return this.#try(() => this.#running?.wait()) ?? true;
  }

  /** Ends what it has left behind. */
  result(): PorchResult {
    const end = this.#try(() => this.#running?.finish());
    return this.#result ?? (end ? this.#resultOf(end) : neverBegun);
  }

  #start(spawner: NativeSpawner, options: RunOptions): void {
    const request = this.#request;
    const environment = Object.entries(porchEnvironment(request, ownEnvironment));
    const args = porchArguments(request);
    const env = environment.map(([name, value]) => `${name}=${value}`);
    // The C library would take a text for ended where it holds a zero byte.
    const isCut = [...args, ...env].some((text) => text.includes('\0'));
    if (isCut) throw new Error('an argument holds a zero byte');
    this.#running = spawner.start({
      ...{ path: request.porch, args, env, timeoutMs: request.timeoutMs, drainMs },
      killAfterMs: options.killAfterMs ?? 5000,
      graceMs: options.graceMs ?? 200,
      long: options.long ?? null,
      signalGroup: options.signalGroup ?? signalGroup,
    });
  }

  #try<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      this.#running = null;
      this.#result = failedToStart(this.#request, error);
      return undefined;
    }
  }

  #resultOf({ endedBy, ...ended }: NativeResult): PorchResult {
    const end = {
      ...{ ...ended, startError: null },
      timedOut: endedBy === 'timeout',
      cancelled: endedBy === 'cancel',
    };
    return { ...end, replaced: failedWhileReplaced(this.#request, end, this.#before) };
  }
}
