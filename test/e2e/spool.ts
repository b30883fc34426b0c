import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { errnoOf } from '../../src/platform/index.ts';
import { type PorchLogLine, readPorchLog, standInPorch } from '../tools/porch.ts';
import { Program, type StartOptions, until } from './harness.ts';

/** What a status file holds, SPEC section 7. */
const statusFile = z.looseObject({
  intent_file: z.string(),
  status: z.enum(['success', 'failed', 'timeout', 'skipped']),
  message: z.string(),
  timestamp: z.iso.datetime(),
  processed_by: z.literal('conductor-loop'),
  mode: z.enum(['direct', 'structured']),
  porch_path: z.string(),
  worker_id: z.number().optional(),
  processing_duration: z.string(),
  correlation_id: z.string(),
  sha256: z.string(),
  attempts: z.number(),
  instance: z.string(),
  moved_to: z.string(),
  changed_during_run: z.literal(true).optional(),
  error_details: z
    .object({
      error_code: z.string(),
      error_message: z.string(),
      porch_exit_code: z.number().nullable(),
      porch_stdout: z.string(),
      porch_stderr: z.string(),
    })
    .optional(),
});

export type Status = z.infer<typeof statusFile>;

/** Any user without rights; only root can become somebody else. */
const NOBODY = 65534;

export type SpoolOptions = {
  /** The directories belong to a user without rights, and the program runs as that one. */
  unprivileged?: boolean;
};

/** Settings that keep the cases quick; a case that needs others gives them after these. */
const quick = ['-debounce', '50ms', '-retry-initial-delay', '50ms', '-log-format', 'json'];

/** A temporary directory with handoff and out in it, and the programs that work on it. */
export class Spool {
  readonly dir = mkdtempSync(join(tmpdir(), 'conductor-e2e-'));
  readonly handoff = join(this.dir, 'handoff');
  readonly out = join(this.dir, 'out');
  readonly #user: number | undefined;
  readonly #programs: Program[] = [];

  constructor({ unprivileged = false }: SpoolOptions = {}) {
    this.#user = unprivileged && process.geteuid?.() === 0 ? NOBODY : undefined;
    for (const path of [this.handoff, this.out, this.path('drops')]) mkdirSync(path);
    if (this.#user === undefined) return;
    for (const path of [this.dir, this.handoff, this.out]) chownSync(path, this.#user, this.#user);
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  /** Starts the program on this spool, with the stand-in for porch unless the flags name another. */
  start(flags: readonly string[] = [], options: Omit<StartOptions, 'cwd'> = {}): Program {
    const args = ['-handoff', this.handoff, '-out', this.out, '-porch', standInPorch, ...quick];
    return this.run([...args, ...flags], options);
  }

  /** Starts the program with nothing but these arguments. */
  run(args: readonly string[], options: Omit<StartOptions, 'cwd'> = {}): Program {
    const home = this.#user === undefined ? {} : { HOME: this.dir, DENO_DIR: this.path('deno') };
    const program = new Program(args, {
      user: this.#user,
      ...options,
      cwd: this.dir,
      env: { ...home, ...options.env },
    });
    this.#programs.push(program);
    return program;
  }

  /** Starts the program in watch mode and waits until it watches. */
  async watch(flags: readonly string[] = [], options: Omit<StartOptions, 'cwd'> = {}) {
    const program = this.start(flags, options);
    await this.until(() => program.logged(/^watching /).length > 0, 'watching');
    return program;
  }

  /** Works off what is there: the program's run, and its exit code. */
  async once(flags: readonly string[] = [], options: Omit<StartOptions, 'cwd'> = {}) {
    const program = this.start(['--once', ...flags], options);
    return { program, exitCode: await program.exitCode() };
  }

  /** Drops a file as it should be done: written elsewhere, then renamed into handoff. */
  drop(name: string, content: string | Buffer, { mtimeMs }: { mtimeMs?: number } = {}): void {
    const made = this.path('drops', name);
    writeFileSync(made, content);
    if (mtimeMs !== undefined) utimesSync(made, mtimeMs / 1000, mtimeMs / 1000);
    renameSync(made, join(this.handoff, name));
  }

  /** Writes a file in place; each call of what it gives back appends, the last with `true`. */
  writeSlowly(name: string): (text: string, last?: boolean) => void {
    const file = openSync(join(this.handoff, name), 'w');
    return (text, last = false) => {
      writeSync(file, text);
      if (last) closeSync(file);
    };
  }

  /** The names in a directory below handoff, sorted; empty where there is none. */
  list(directory = '.'): string[] {
    return namesIn(join(this.handoff, directory)).sort();
  }

  read(...names: string[]): string {
    return readFileSync(join(this.handoff, ...names), 'utf8');
  }

  /** The status file of a name; null where there is none. */
  status(name: string): Status | null {
    if (!existsSync(join(this.handoff, 'status', `${name}.status`))) return null;
    return statusFile.parse(JSON.parse(this.read('status', `${name}.status`)));
  }

  get porchLog(): PorchLogLine[] {
    return readPorchLog(this.out);
  }

  /** The names that are claimed, by whatever instance. */
  get claimed(): string[] {
    const root = join(this.handoff, '.inflight');
    return namesIn(root).flatMap((name) => namesIn(join(root, name)));
  }

  /** How often porch was begun for a name. */
  runs(name: string): number {
    return this.porchLog.filter((line) => line.event === 'start' && line.name === name).length;
  }

  until<T>(condition: () => T | false | null | undefined, what: string, limitMs?: number) {
    return until(condition, what, () => this.#seen(), limitMs);
  }

  /** Waits until the latest status of a name is this one and its file is in its place. */
  filed(name: string, status: Status['status'] = 'success', limitMs?: number): Promise<Status> {
    const found = () => {
      const now = this.status(name);
      return now?.status === status && existsSync(join(this.handoff, now.moved_to)) && now;
    };
    return this.until(found, `${name} being filed as ${status}`, limitMs);
  }

  /** Waits until a run of porch for this name has begun, and gives how many have. */
  begun(name: string, times = 1): Promise<true> {
    return this.until(() => this.runs(name) >= times || null, `run ${times} of porch for ${name}`);
  }

  /** Lets porch runs go on that were told to `wait-for=NAME`. */
  release(name: string): void {
    writeFileSync(join(this.out, name), '');
  }

  /** Puts the stand-in for porch at a path, in one step. */
  install(path: string): void {
    copyFileSync(standInPorch, `${path}.new`);
    chmodSync(`${path}.new`, 0o755);
    renameSync(`${path}.new`, path);
  }

  uninstall(path: string): void {
    rmSync(path);
  }

  #seen(): string {
    // Not recursive: that would follow the links to directories that some cases drop.
    const directories = ['.', 'processed', 'failed', 'status'];
    const files = directories.flatMap((name) => this.list(name).map((file) => join(name, file)));
    const shown = files.slice(0, 100).join('\n  ');
    const log = this.porchLog.slice(-20).map((line) => JSON.stringify(line));
    const said = this.#programs.map((program) => program.stderr.slice(-6000));
    return `files:\n  ${shown}\nporch:\n${log.join('\n')}\nprograms:\n${said.join('\n---\n')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) await program.dispose();
    this.#endPorch();
    for (const name of ['.', 'processed', 'failed', 'status', '.inflight'])
      this.#makeWritable(name);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  /** What runs of a killed program have left; it is known by the path of its intent. */
  #endPorch(): void {
    const mark = `CONDUCTOR_INTENT_FILE=${this.dir}/`;
    for (const pid of existsSync('/proc') ? readdirSync('/proc') : []) {
      if (!/^\d+$/.test(pid)) continue;
      try {
        if (readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)) {
          process.kill(Number(pid), 'SIGKILL');
        }
      } catch {
        // It has ended, or it is another user's and so not ours.
      }
    }
  }

  #makeWritable(name: string): void {
    const path = join(this.handoff, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) chmodSync(path, 0o755);
  }
}

/** The names in a directory; none where it is no directory, or is being removed. */
function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return [];
    throw error;
  }
}
