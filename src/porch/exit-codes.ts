import { formatDuration } from '../config/units.ts';
import type { ErrorCode } from '../intent/codes.ts';
import { scrub } from '../telemetry/scrub.ts';
import type { PorchResult } from './types.ts';

/** What a run means for its intent. Messages are one line. */
export type Verdict =
  | { kind: 'success' }
  | {
      /** `retry`: may pass by itself. `failed`: would fail again. */
      kind: 'retry' | 'failed';
      status: 'failed' | 'timeout';
      code: ErrorCode;
      message: string;
      /** An operator must know: the installation is at fault, not the intent. */
      alert: boolean;
    }
  /** Says nothing about the intent: the queue is held. */
  | { kind: 'not-started'; errno: string; message: string }
  /** Our own shutdown ended it: the intent goes back to handoff. */
  | { kind: 'cancelled' };

const quotedLength = 200;

/** Exit codes that may pass by themselves: porch's own 3 to 5, EX_TEMPFAIL of sysexits.h, timeout(1)'s. */
const passing = new Map([
  [3, ''],
  [4, ''],
  [5, ''],
  [75, ' (try again later)'],
  [124, ' (a time limit inside porch)'],
]);

const meanings = new Map([
  [1, ''],
  [2, ''],
  [64, ' (wrong usage: does this porch know -intent, -out and -structured?)'],
  [77, ' (no permission: look at the credentials porch uses)'],
  [78, " (porch's own configuration is wrong)"],
]);

/** What a signal that we did not send usually means. */
const signalHints: Record<string, string> = {
  SIGKILL: 'probably out of memory, look at the memory limit and the kernel log',
  SIGSYS: 'it made a system call that a sandbox forbids, look at SystemCallFilter or seccomp',
  SIGSEGV: 'it crashed, look for a core dump',
  SIGBUS: 'it crashed, look for a core dump and a full disk',
  SIGABRT: 'it gave up by itself, look for a core dump',
  SIGILL: 'it crashed, is it built for this processor?',
  SIGXCPU: 'it used up its processor time (ulimit -t)',
  SIGXFSZ: 'it wrote a file that is too large (ulimit -f)',
  SIGTERM: 'somebody else ended it',
  SIGINT: 'somebody else ended it',
  SIGHUP: 'somebody else ended it',
};

/** Judges one run by SPEC section 5. `timeoutMs` is the limit that the run had. */
export function judge(result: PorchResult, request: { timeoutMs: number }): Verdict {
  if (result.startError?.unfit) {
    const { message } = result.startError;
    return { kind: 'failed', status: 'failed', code: 'E014', message, alert: false };
  }
  if (result.startError !== null) return { kind: 'not-started', ...result.startError };
  // A porch that answers SIGTERM with exit 0 has not said that it finished its work.
  if (result.cancelled) return { kind: 'cancelled' };
  if (result.exitCode === 0 && !result.timedOut) return { kind: 'success' };
  const lastWords = quoteLastWords(result.stderr);
  if (result.timedOut) {
    const limit = formatDuration(request.timeoutMs);
    const message = `porch did not end within ${limit} and was ended; where it needs longer, raise porch_timeout or the intent's own timeout${lastWords}`;
    return { kind: 'retry', status: 'timeout', code: 'E007', message, alert: false };
  }
  if (result.signal !== null) {
    const hint = signalHints[result.signal];
    const message = `porch was ended by ${result.signal}${hint === undefined ? '' : `: ${hint}`}${lastWords}`;
    return { kind: 'retry', status: 'failed', code: 'E013', message, alert: false };
  }
  return judgeExit(result.exitCode ?? 1, lastWords);
}

function judgeExit(exitCode: number, lastWords: string): Verdict {
  const said = `porch ended with exit code ${exitCode}`;
  const may = passing.get(exitCode);
  if (may !== undefined) {
    const message = `${said}${may}${lastWords}`;
    return { kind: 'retry', status: 'failed', code: 'E013', message, alert: false };
  }
  if (exitCode === 126 || exitCode === 127) {
    const [code, why] =
      exitCode === 126
        ? ([
            'E008',
            'it could not execute a program that it needs; look at its permissions',
          ] as const)
        : (['E006', 'it did not find a program that it needs; look at PATH'] as const);
    const message = `${said}: ${why}${lastWords}`;
    return { kind: 'failed', status: 'failed', code, message, alert: true };
  }
  const message = `${said}${meanings.get(exitCode) ?? shellHint(exitCode)}${lastWords}`;
  return { kind: 'failed', status: 'failed', code: 'E013', message, alert: false };
}

/** Shells report the death of what they ran as 128 and the signal's number. */
function shellHint(exitCode: number): string {
  if (exitCode === 137) return ' (a program that it ran was killed; out of memory?)';
  if (exitCode > 128 && exitCode < 160) {
    return ` (a program that it ran died by signal ${exitCode - 128})`;
  }
  return '';
}

/** The last line of standard error that is not empty, fit for a message; empty where there is none. */
function quoteLastWords(stderr: string): string {
  const line = scrub(
    stderr
      .trimEnd()
      .split(/[\r\n]/)
      .at(-1) ?? '',
  ).trim();
  if (line === '') return '';
  const cut = line.length > quotedLength ? `${line.slice(0, quotedLength - 1)}…` : line;
  return `; its last words: "${cut.toWellFormed()}"`;
}
