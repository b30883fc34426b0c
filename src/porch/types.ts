/** Who starts porch: posix_spawn(3) through `node:ffi`, or `node:child_process`. */
export type SpawnerName = 'native' | 'node';

/** How porch is to be run for one attempt at one intent. */
export type PorchRequest = {
  /** Absolute path of the executable, or `builtin`. */
  porch: string;
  mode: 'direct' | 'structured';
  /** Absolute path of the claimed file. */
  intentPath: string;
  /** Absolute path. */
  outDir: string;
  /** Milliseconds until the process group gets SIGTERM; SIGKILL follows 5 s later. */
  timeoutMs: number;
  /** `CONDUCTOR_RUN_ID`: by it whatever leaves the process group is found again. */
  runId: string;
  /** 1 for the first attempt. */
  attempt: number;
  sha256: string;
  correlationId: string;
  /** Names of further environment variables that porch may see. */
  porchEnv: readonly string[];
};

/** What became of one run. Exactly one of `exitCode`, `signal` and `startError` is not null. */
export type PorchResult = {
  exitCode: number | null;
  /** Name of the signal that ended it. */
  signal: string | null;
  /** It was not started at all: errno name and message; `unfit`: for what the intent is called. */
  startError: { errno: string; message: string; unfit?: true } | null;
  /** The time limit ended it. */
  timedOut: boolean;
  /** The program's own shutdown ended it. */
  cancelled: boolean;
  /** It failed, and the program's file was removed or replaced meanwhile. */
  replaced: boolean;
  /** At most 64 KiB each: head and tail, control characters cleaned. */
  stdout: string;
  stderr: string;
  durationMs: number;
};

/** A run under way. */
export type PorchRun = {
  result: Promise<PorchResult>;
  /** Ends the run from outside (shutdown): the result says `cancelled`. */
  cancel(signal: 'SIGTERM' | 'SIGKILL'): void;
};
