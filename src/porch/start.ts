import { errnoOf } from '../platform/index.ts';
import { unfitForBatch } from './batch.ts';
import { formatProblem, stampOf } from './format.ts';
import type { PorchRequest, PorchResult } from './types.ts';

/** `process.env` asks the system for each variable; a plain copy does not. */
export const ownEnvironment: NodeJS.ProcessEnv = { ...process.env };

/** The arguments of porch, as its contract has them. */
export function porchArguments({ intentPath, outDir, mode }: PorchRequest): string[] {
  const args = ['-intent', intentPath, '-out', outDir];
  return mode === 'structured' ? [...args, '-structured'] : args;
}

/** What is to be known of a program before it is started. */
export type Before = {
  /** The state of its file. */
  stamp: string | null;
  /** The result where it must not be started; null where nothing speaks against it. */
  refused: PorchResult | null;
};

export function lookBefore(request: PorchRequest): Before {
  const { porch } = request;
  const stamp = stampOf(porch);
  const unfit = process.platform === 'win32' ? unfitForBatch(request) : null;
  if (unfit !== null)
    return { stamp, refused: refusedToStart({ errno: 'EINVAL', message: unfit, unfit: true }) };
  const problem = formatProblem(porch, stamp);
  const why = `it ${problem?.message}`;
  return { stamp, refused: problem === null ? null : notStarted(porch, problem.errno, why) };
}

/**
 * Whether a failure may be due to the program's being removed or replaced: a script is opened once
 * more by its interpreter after it was started, and programs read parts of themselves later.
 */
export function failedWhileReplaced(
  { porch }: PorchRequest,
  { exitCode, timedOut, cancelled }: Pick<PorchResult, 'exitCode' | 'timedOut' | 'cancelled'>,
  { stamp }: Before,
): boolean {
  return exitCode !== 0 && !timedOut && !cancelled && stampOf(porch) !== stamp;
}

/** The result of a run that was cancelled before it began. */
export const neverBegun: PorchResult = {
  exitCode: null,
  signal: 'SIGTERM',
  startError: null,
  timedOut: false,
  cancelled: true,
  replaced: false,
  stdout: '',
  stderr: '',
  durationMs: 0,
};

/** The result of a run whose program the system would not start. */
export function failedToStart({ porch }: PorchRequest, error: unknown): PorchResult {
  const errno = errnoOf(error) ?? 'UNKNOWN';
  const why = startProblems[errno] ?? (error instanceof Error ? error.message : String(error));
  return notStarted(porch, errno, why);
}

function notStarted(porch: string, errno: string, why: string): PorchResult {
  return refusedToStart({ errno, message: `${porch} cannot be started: ${why} (${errno})` });
}

function refusedToStart(startError: PorchResult['startError']): PorchResult {
  return {
    exitCode: null,
    signal: null,
    startError,
    timedOut: false,
    cancelled: false,
    replaced: false,
    stdout: '',
    stderr: '',
    durationMs: 0,
  };
}

const startProblems: Record<string, string> = {
  ENOENT: 'the file, or the interpreter that its first line names, does not exist',
  EACCES: 'it is not executable for us, or its file system is mounted noexec',
  EPERM: 'the system forbids it',
  ENOEXEC: 'it is not in a format that this system runs; is it built for this processor?',
  ETXTBSY: 'it is being written at the moment',
  ENOMEM: 'there is not enough memory',
  EAGAIN: 'there are too many processes (ulimit -u, TasksMax, pids.max)',
  EMFILE: 'there are too many open files (ulimit -n, LimitNOFILE)',
  ENFILE: 'the whole system has too many open files',
  E2BIG: 'its environment is too large (porch_env)',
};
