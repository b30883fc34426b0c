import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A system call in a log of `strace -f -y`. */
export type Call = {
  thread: number;
  name: string;
  /** As strace prints them; of a call that was interrupted those that it printed before. */
  args: string;
  /** The paths that it names, or that of its descriptor. */
  paths: string[];
  /** The path by which strace finds it (`-P`). */
  watch: string;
  /** What it returned, as strace prints it; null where it did not return. */
  result: string | null;
  /** Numbers of the lines where it began and where it returned: the order of events. */
  begun: number;
  ended: number;
};

/** Calls whose paths are arguments. All others have a descriptor, which `-y` shows with its path. */
const NAMES_PATHS = /^(openat|rename|renameat2|link|unlink|unlinkat|mkdir|rmdir|chmod)$/;

const BEGUN = /^(\d+) +(\w+)\((.*)$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/;
const RESULT = /^(.*)\) += (.*)$/;
/** A string, and the directory that a path is relative to. */
const QUOTED = /(?:\d+<([^>]*)>, )?"((?:[^"\\]|\\.)*)"/g;

/** What keeps strace from working here; null where it works. */
export function straceProblem(): string | null {
  const tried = spawnSync('strace', ['-f', '--seccomp-bpf', '-qq', '-e', 'trace=fsync', 'true']);
  if (tried.error) return 'strace is not installed';
  return tried.status === 0 ? null : `strace does not work: ${tried.stderr}`.trim();
}

/** The calls of a log, in the order in which they began. */
export function readCalls(log: string): Call[] {
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const calls: Call[] = [];
  const open = new Map<number, Call>();
  for (const [number, line] of text.split('\n').entries()) {
    const [, begunBy, name, rest = ''] = BEGUN.exec(line) ?? [];
    if (begunBy !== undefined && name !== undefined) {
      const thread = Number(begunBy);
      const call = {
        thread,
        name,
        args: '',
        paths: [],
        watch: '',
        result: null,
        begun: number,
        ended: number,
      };
      take(call, rest, number);
      calls.push(call);
      open.set(thread, call);
      continue;
    }
    const [, resumedBy, , more = ''] = RESUMED.exec(line) ?? [];
    const resumed = open.get(Number(resumedBy));
    if (resumed) take(resumed, more, number);
  }
  return calls;
}

function take(call: Call, text: string, line: number): void {
  const [, last, result] = RESULT.exec(text) ?? [];
  call.args += last ?? text.replace(/ <unfinished \.\.\.>$/, '');
  if (result !== undefined) {
    call.result = result;
    call.ended = line;
  }
  const [, descriptor] = /^\d+<([^>]*)>/.exec(call.args) ?? [];
  const named = [...call.args.matchAll(QUOTED)].map(([, dir = '', path = '']) => join(dir, path));
  call.paths = NAMES_PATHS.test(call.name) ? named : [descriptor ?? ''];
  call.watch = descriptor ?? call.paths[0] ?? '';
}

/** The data that a write has written, where it was not cut off. */
export function dataOf({ args }: Call): string {
  const [quoted = ''] = [...args.matchAll(QUOTED)].map(([, , text = '']) => text);
  return quoted.replace(/\\([ntrvf"\\]|[0-7]{1,3})/g, (_whole, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  );
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

export type Tracing = {
  log: string;
  /** System calls that are traced. */
  calls: readonly string[];
  /** Where given, only calls on these very paths are traced, and counted for `inject`. */
  paths?: readonly string[];
  /** What befalls these calls, as `-e inject=` wants it after the calls' names. */
  inject?: string;
  /** How much of the data of a write is kept. */
  data?: number;
};

/** A command line that starts another under strace. Only the calls in question stop the program. */
export function straceCommand(tracing: Tracing): [string, ...string[]] {
  const { log, calls, paths = [], inject, data = 0 } = tracing;
  return [
    ...(['strace', '-f', '--seccomp-bpf', '-y', '-qq', '-o', log] as const),
    ...['-s', String(data), '-e', 'signal=winch', '-e', `trace=${calls.join(',')}`],
    ...paths.flatMap((path) => ['-P', path]),
    ...(inject === undefined ? [] : ['-e', `inject=${calls.join(',')}:${inject}`]),
  ];
}

/** Whether some thread has begun its N-th call, which may still be stopped there. */
export function callBegun(log: string, nth: number): boolean {
  const byThread = Map.groupBy(readCalls(log), ({ thread }) => thread);
  return [...byThread.values()].some((calls) => calls.length >= nth);
}
