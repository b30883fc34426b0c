import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { batchCommand, isBatch } from './batch.ts';
import { porchEnvironment } from './environment.ts';
import { beginGroup, type EndingSignal, endGroup, signalGroup } from './group.ts';
import { OutputCollector } from './output.ts';
import {
  type Before,
  failedToStart,
  failedWhileReplaced,
  lookBefore,
  ownEnvironment,
  porchArguments,
} from './start.ts';
import type { PorchRequest, PorchResult, PorchRun } from './types.ts';

/** What a test may hold in its hand. */
export type RunOptions = {
  /** Milliseconds from SIGTERM to SIGKILL, and from there to giving up on a process that cannot die. */
  killAfterMs?: number;
  /** Milliseconds that others of the group have, after porch's own end, to write what they still hold. */
  graceMs?: number;
  /** The native spawner only: called once where a run lasts longer than this many milliseconds. */
  long?: { afterMs: number; tell(): void };
  signalGroup?: (leader: number, signal: EndingSignal) => void;
};

/** Milliseconds in which the pipes of a killed group run empty; who holds them open then left the group. */
export const drainMs = 100;
const onWindows = process.platform === 'win32';

/**
 * Starts porch for one intent, without a shell and in a process group of its own, and gives its
 * result, which never rejects. At the time limit the group gets SIGTERM and, `killAfterMs` later,
 * SIGKILL. Whatever is left of the group when porch itself has ended gets SIGKILL; processes that
 * left the group are for the `Sweeper`, and cannot hold up the result.
 * Porch's working directory is ours, so that relative paths in its environment (`KUBECONFIG`) mean
 * what they meant to who started us.
 */
export function runPorch(request: PorchRequest, options: RunOptions = {}): PorchRun {
  const startedMs = performance.now();
  const before = lookBefore(request);
  if (before.refused) return neverRan(before.refused);
  let child: ChildProcess;
  try {
    child = start(request);
  } catch (error) {
    return neverRan(failedToStart(request, error));
  }
  const run = new Run(child, request, before, startedMs, options);
  return { result: run.result, cancel: (signal) => run.cancel(signal) };
}

/** Throws where the program cannot be started and that is known at once. */
function start(request: PorchRequest): ChildProcess {
  const environment = porchEnvironment(request, ownEnvironment);
  const options: SpawnOptions = {
    // On Windows it would have no console then, and each program that it runs would open one.
    detached: !onWindows,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
    windowsHide: true,
  };
  if (!onWindows || !isBatch(request.porch)) {
    return spawn(request.porch, porchArguments(request), options);
  }
  const { command, line, environment: more } = batchCommand(request);
  return spawn(command, [line], {
    ...options,
    env: { ...environment, ...more },
    windowsVerbatimArguments: true,
  });
}

/** One child from its start to its result. */
class Run {
  readonly result: Promise<PorchResult>;
  readonly #child: ChildProcess;
  readonly #request: PorchRequest;
  readonly #before: Before;
  readonly #startedMs: number;
  readonly #killAfterMs: number;
  readonly #graceMs: number;
  readonly #signalGroup: (leader: number, signal: EndingSignal) => void;
  readonly #stdout = new OutputCollector();
  readonly #stderr = new OutputCollector();
  readonly #settle: (result: PorchResult) => void;
  /** Who wanted its end first; null while nobody does. */
  #endedBy: 'timeout' | 'cancel' | null = null;
  #exit: Pick<PorchResult, 'exitCode' | 'signal' | 'durationMs'> | null = null;
  /** The one clock of a run: time limit, then the way to SIGKILL, then the grace of the pipes. */
  #timer: NodeJS.Timeout;

  constructor(
    child: ChildProcess,
    request: PorchRequest,
    before: Before,
    startedMs: number,
    options: RunOptions,
  ) {
    this.#child = child;
    this.#request = request;
    this.#before = before;
    this.#startedMs = startedMs;
    this.#killAfterMs = options.killAfterMs ?? 5000;
    this.#graceMs = options.graceMs ?? 200;
    this.#signalGroup = options.signalGroup ?? signalGroup;
    const { promise, resolve } = Promise.withResolvers<PorchResult>();
    this.result = promise;
    this.#settle = resolve;
    this.#timer = setTimeout(() => this.#timeIsUp(), request.timeoutMs);
    child.on('error', (error) => {
      // Later errors concern signals or pipes, and 'exit' still comes.
      if (child.pid !== undefined) return;
      clearTimeout(this.#timer);
      this.#settle(failedToStart(request, error));
    });
    if (child.pid === undefined) return;
    beginGroup(child.pid);
    this.#collect(child.stdout, this.#stdout);
    this.#collect(child.stderr, this.#stderr);
    child.once('exit', (exitCode, signal) => this.#ended(exitCode, signal));
    child.once('close', () => this.#finish());
  }

  cancel(signal: EndingSignal): void {
    if (this.#exit !== null || this.#child.pid === undefined) return;
    this.#endedBy ??= 'cancel';
    if (signal === 'SIGKILL') this.#kill();
    else this.#signal('SIGTERM');
  }

  #collect(stream: Readable | null, output: OutputCollector): void {
    stream?.on('data', (chunk: Buffer) => output.push(chunk));
    stream?.on('error', () => {});
  }

  #signal(signal: EndingSignal): void {
    if (this.#child.pid !== undefined) this.#signalGroup(this.#child.pid, signal);
  }

  #timeIsUp(): void {
    // Where this thread was held up, porch may have ended in time and its end not been read yet.
    setImmediate(() => {
      if (this.#exit !== null) return;
      this.#endedBy ??= 'timeout';
      this.#signal('SIGTERM');
      this.#wait(this.#killAfterMs, () => this.#kill());
    });
  }

  #kill(): void {
    if (this.#exit !== null) return;
    this.#signal('SIGKILL');
    // A process that became another user's, or that hangs in a dead file system, must not hang us.
    this.#wait(this.#killAfterMs, () => {
      this.#setExit(null, 'SIGKILL');
      this.#finish();
    });
  }

  #ended(exitCode: number | null, signal: string | null): void {
    this.#setExit(exitCode, signal);
    this.#wait(this.#graceMs, () => {
      if (this.#child.pid !== undefined) endGroup(this.#child.pid, this.#signalGroup);
      this.#wait(drainMs, () => this.#finish());
    });
  }

  #setExit(exitCode: number | null, signal: string | null): void {
    this.#exit = { exitCode, signal, durationMs: performance.now() - this.#startedMs };
  }

  #wait(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  #finish(): void {
    clearTimeout(this.#timer);
    if (this.#exit === null) return;
    if (this.#child.pid !== undefined) endGroup(this.#child.pid, this.#signalGroup);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#child.removeAllListeners('exit').removeAllListeners('close').unref();
    const end = {
      ...{ ...this.#exit, startError: null },
      timedOut: this.#endedBy === 'timeout',
      cancelled: this.#endedBy === 'cancel',
      stdout: this.#stdout.text(),
      stderr: this.#stderr.text(),
    };
    this.#settle({ ...end, replaced: failedWhileReplaced(this.#request, end, this.#before) });
  }
}

function neverRan(result: PorchResult): PorchRun {
  return { result: Promise.resolve(result), cancel() {} };
}
