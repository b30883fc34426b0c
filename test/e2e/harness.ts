import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { fileOf, targetOf, thisHost } from '../../packaging/targets.ts';

/**
 * What the cases start: the source under Node, the one-file bundle under Node, the single binary
 * for this system, or the source under Deno. Each case is written once; test/run.ts runs them all for each.
 */
export const underTest = z
  .enum(['source', 'bundle', 'binary', 'deno'])
  .parse(process.env.CONDUCTOR_UNDER_TEST ?? 'source');

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The program's command line up to its flags; `preload` is a module that is loaded before it. */
export function commandLine(preload?: string): [string, ...string[]] {
  if (underTest === 'deno') {
    const first = preload === undefined ? [] : ['--preload', preload];
    return [fromRoot('node_modules/.bin/deno'), 'run', '-A', ...first, fromRoot('src/main.ts')];
  }
  if (underTest === 'binary') {
    const binary = fromRoot(`dist/${fileOf(targetOf(thisHost()))}`);
    // It knows no flags of Node, and of the modules to load first only required ones.
    return preload === undefined ? [binary] : ['env', `NODE_OPTIONS=--require=${preload}`, binary];
  }
  const program = underTest === 'bundle' ? 'dist/conductor-loop.cjs' : 'src/main.ts';
  const first = preload === undefined ? [] : ['--import', preload];
  return [process.execPath, ...first, fromRoot(program)];
}

/** A line of the log, SPEC section 8: the fields that every line has, and those that it may have. */
const logLine = z.looseObject({
  level: z.enum(['debug', 'info', 'warn', 'error']),
  timestamp: z.iso.datetime(),
  service: z.literal('conductor-loop'),
  version: z.string(),
  environment: z.string(),
  instance: z.string(),
  message: z.string(),
  intent_file: z.string().optional(),
  correlation_id: z.string().optional(),
  worker_id: z.number().optional(),
  processing_duration: z.number().optional(),
  error_type: z.string().optional(),
  error_code: z
    .string()
    .regex(/^E0\d\d$/)
    .optional(),
});

export type LogLine = z.infer<typeof logLine>;

export type StartOptions = {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Runs as this user and group; only root may ask for it. */
  user?: number | undefined;
  preload?: string;
  /**
   * A command line that starts the program as its child, such as that of a tracer. Both are in a
   * process group of their own.
   */
  under?: readonly [string, ...string[]];
};

function parseLine(line: string): LogLine {
  try {
    return logLine.parse(JSON.parse(line));
  } catch (error) {
    throw new Error(`not a line of the log: ${line}`, { cause: error });
  }
}

const LIMIT_MS = 60_000;

/** Our own environment without what would be settings of the program. */
const surroundings = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(CONDUCTOR|POD|KUBERNETES)_/.test(name)),
);

const running = new Set<Program>();
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});

/** One run of the program. Its output is kept, its log lines are parsed. */
export class Program {
  readonly #child: ChildProcess;
  /** Whether it leads a process group. */
  readonly #leads: boolean;
  readonly #ended: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], { cwd, env, user, preload, under }: StartOptions) {
    const program = commandLine(preload);
    const [file, ...first] = under ? [...under, ...program] : program;
    // A tracer is to see what the program does to the disk, and not what Node does for its next start.
    const traced = under ? { NODE_COMPILE_CACHE: '' } : {};
    this.#leads = under !== undefined;
    this.#child = spawn(file, [...first, ...args], {
      cwd,
      env: { ...surroundings, ...traced, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: this.#leads,
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    running.add(this);
    this.#ended = once(this.#child, 'close').then(() => running.delete(this));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program could not be started');
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The complete lines of standard error, each parsed as a line of the log. Throws on any other. */
  get log(): LogLine[] {
    const lines = this.#stderr.split('\n').slice(0, -1);
    return lines.map(parseLine);
  }

  /** The log lines whose message matches. */
  logged(message: RegExp): LogLine[] {
    return this.log.filter((line) => message.test(line.message));
  }

  get alive(): boolean {
    return running.has(this);
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#leads) this.#child.kill(name);
    else
      try {
        process.kill(-this.pid, name);
      } catch (error) {
        // It may have ended just now.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
  }

  /** Waits for its end: the exit code, 128 + the number of the signal where one killed it. */
  async exitCode(limitMs?: number): Promise<number> {
    await until(
      () => !this.alive,
      'the end of the program',
      () => this.#stderr,
      limitMs,
    );
    const { exitCode, signalCode } = this.#child;
    return exitCode ?? 128 + (signalCode ? constants.signals[signalCode] : 0);
  }

  /** Sends a signal and waits for the end. */
  stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.signal(name);
    return this.exitCode();
  }

  /** Ends it, whatever it does. */
  async dispose(): Promise<void> {
    if (this.alive) this.signal('SIGKILL');
    await this.#ended;
  }
}

/**
 * Waits until `condition` gives something other than false, null or undefined, and gives that back.
 * Fails after a minute with what there was to see.
 */
export async function until<T>(
  condition: () => T | false | null | undefined,
  what: string,
  seen: () => string = () => '',
  limitMs = LIMIT_MS,
): Promise<T> {
  for (const end = performance.now() + limitMs; performance.now() < end; await delay(10)) {
    const found = condition();
    if (found !== false && found !== null && found !== undefined) return found;
  }
  throw new Error(`waited in vain for ${what}\n${seen()}`);
}
