import { statSync } from 'node:fs';
import { errnoOf } from '../platform/index.ts';
import { formatProblem } from './format.ts';
import type { PorchRequest, PorchResult } from './types.ts';

/** `process.env` asks the system for each variable; a plain copy does not. */
export const ownEnvironment: NodeJS.ProcessEnv = { ...process.env };

/** The arguments of porch, as its contract has them. */
export function porchArguments({ intentPath, outDir, mode }: PorchRequest): string[] {
  const args = ['-intent', intentPath, '-out', outDir];
  return mode === 'structured' ? [...args, '-structured'] : args;
}

/** The result of a run whose program must not be started; null where nothing speaks against it. */
export function refusedToStart({ porch }: PorchRequest): PorchResult | null {
  const problem = formatProblem(porch);
  return problem === null ? null : notStarted(porch, problem.errno, `it ${problem.message}`);
}

/** The result of a run whose program the system would not start. */
export function failedToStart({ porch }: PorchRequest, error: unknown): PorchResult {
  const errno = errnoOf(error) ?? 'UNKNOWN';
  const why = startProblems[errno] ?? (error instanceof Error ? error.message : String(error));
  return notStarted(porch, errno, why);
}

/**
 * What is started of a script is its interpreter. One that does not find the script any more says so
 * by an exit code, which is not porch's: where porch is gone when a run has failed, none was started.
 */
export function unlessGone(request: PorchRequest, result: PorchResult): PorchResult {
  const hasFailed = result.exitCode !== null && result.exitCode !== 0;
  if (!hasFailed || !isGone(request.porch)) return result;
  return failedToStart(request, Object.assign(new Error('it is gone'), { code: 'ENOENT' }));
}

/** False also where we may not look. */
function isGone(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

function notStarted(porch: string, errno: string, why: string): PorchResult {
  return {
    exitCode: null,
    signal: null,
    startError: { errno, message: `${porch} cannot be started: ${why} (${errno})` },
    timedOut: false,
    cancelled: false,
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
