import { hash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSnapshot } from '../../src/state/snapshot.ts';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { Invariants } from './invariants.ts';
import { type Call, callBegun, readCalls, straceCommand } from './strace.ts';

/** Everything that changes the disk. */
const CHANGES = [
  ...['openat', 'write', 'pwrite64', 'ftruncate', 'fsync', 'fdatasync', 'syncfs'],
  ...['rename', 'renameat2', 'link', 'unlink', 'unlinkat', 'mkdir', 'rmdir', 'chmod', 'fchmod'],
];

/** The N-th call of a kind on a path, below the spool's directory and with LIFE for the life. */
export type Point = { call: string; path: string; nth: number };

export type Porch = 'stand-in' | 'builtin';

const pinned = fileURLToPath(new URL('pinned.ts', import.meta.url));
const again = intentFor('again', { target: 'again' });

/** The largest pid that Linux gives is one less: who looks for it finds that it is dead. */
const NOBODY = '4194304';

/** What befalls a run: `inject` what strace does to the calls of a point. */
export type Befalling = { point?: Point; inject?: string; flags?: readonly string[] };

/** A call that is to be killed waits for this long, in microseconds: for ever. */
const STOPPED = 'delay_enter=600000000';

/** A spool with one intent for each ending, and what is run on it. */
export class Sweep implements AsyncDisposable {
  readonly spool = new Spool();
  readonly invariants = new Invariants(this.spool);
  readonly log = this.spool.path('strace.log');
  /** No two are alike: a start ends what runs of dead lives have left, wherever they ran. */
  readonly #life = randomBytes(6).toString('hex');
  readonly #flags: string[];
  #droppedMs = Date.now() - 60_000;
  readonly #env: NodeJS.ProcessEnv;
  readonly #pins: NodeJS.ProcessEnv;

  private constructor(porch: Porch, cache: string) {
    const chosen = porch === 'builtin' ? ['-porch', 'builtin'] : [];
    this.#flags = [...chosen, '-max-workers', '1'];
    this.#pins = {
      PINNED_LIFE: this.#life,
      ...(porch === 'builtin' ? { PINNED_PID: NOBODY } : {}),
    };
    // One thread for one kind of work, and one name for the instance: then runs are alike.
    this.#env = { UV_THREADPOOL_SIZE: '1', POD_NAME: 'sweep', NODE_COMPILE_CACHE: cache };
  }

  /** `cache` is a directory in which the compiled program is kept from run to run. */
  static async of(porch: Porch, cache: string): Promise<Sweep> {
    const sweep = new Sweep(porch, cache);
    const sha = hash('sha256', again);
    await writeSnapshot(join(sweep.spool.handoff, '.conductor-state.json'), {
      ...{ covers: [], unfinished: [] },
      entries: [['intent-again.json', { sha, succeeded: true, at: Date.now() }]],
    });
    sweep.#drop('intent-ok.json', intentFor('first'));
    // The second one for a target replaces the package of the first.
    if (porch === 'builtin') sweep.#drop('intent-ok-2.json', intentFor('second', { replicas: 4 }));
    else sweep.#drop('intent-fails.json', intentFor('exit=9', { target: 'db' }), 'E013');
    sweep.#drop('intent-bad.json', '{"no": "intent"}', 'E003');
    sweep.#drop('intent-again.json', again);
    return sweep;
  }

  /** Works off the backlog under strace, which logs all calls, or those of a point. */
  traced({ point, inject, flags = [] }: Befalling = {}): Program {
    const at = point && { calls: [point.call], paths: [this.#pathOf(point)] };
    const tracing = { log: this.log, calls: CHANGES, data: 65536, ...at };
    return this.spool.start(['--once', ...this.#flags, ...flags], {
      under: straceCommand({ ...tracing, ...(inject === undefined ? {} : { inject }) }),
      preload: pinned,
      env: { ...this.#env, ...this.#pins },
    });
  }

  /** Works off the backlog until the point is reached, and is killed there. False: it was not. */
  async killedAt(point: Point): Promise<boolean> {
    const program = this.traced({ point, inject: `${STOPPED}:when=${point.nth}` });
    const reached = await this.spool.until(
      () => {
        if (!program.alive) return 'ended';
        // strace writes down that a call has begun when the next thing happens: this means nothing.
        program.signal('SIGWINCH');
        return callBegun(this.log, point.nth) && 'reached';
      },
      `the call ${JSON.stringify(point)}`,
    );
    await program.dispose();
    return reached === 'reached';
  }

  /** Starts once more, without a fault, until everything is filed, and stops. */
  async restart(): Promise<Program> {
    await this.invariants.collect();
    const program = await this.spool.watch(this.#flags, { env: this.#env });
    await this.spool.until(() => this.invariants.settled, 'everything being filed');
    await this.invariants.collect();
    await program.stop();
    return program;
  }

  /** The points of a run that was logged whole. */
  points(): Point[] {
    const counts = new Map<string, number>();
    return readCalls(this.log).flatMap((call) => {
      const path = this.#relative(call.watch);
      if (path === null || path === 'out/porch.log') return [];
      const key = `${call.name} ${path}`;
      const nth = (counts.get(key) ?? 0) + 1;
      counts.set(key, nth);
      return changes(call) ? [{ call: call.name, path, nth }] : [];
    });
  }

  /** What porch has made: by path below OUT its content. */
  packages(): Record<string, string> {
    const { out } = this.spool;
    const files = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'porch.log')
      .map(({ parentPath, name }) => join(parentPath, name));
    return Object.fromEntries(
      files.map((path) => [path.slice(out.length), readFileSync(path, 'utf8')]),
    );
  }

  #drop(name: string, content: string, code?: string): void {
    this.invariants.expect(name, content, { code });
    this.spool.drop(name, content, { mtimeMs: this.#droppedMs++ });
  }

  #pathOf({ path }: Point): string {
    return this.spool.path(path.replace('LIFE', this.#life));
  }

  #relative(path: string): string | null {
    const { dir } = this.spool;
    return path.startsWith(`${dir}/`)
      ? path.slice(dir.length + 1).replace(this.#life, 'LIFE')
      : null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.spool[Symbol.asyncDispose]();
  }
}

function changes({ name, args, result }: Call): boolean {
  if (result === null || result.startsWith('-1')) return false;
  return name !== 'openat' || /O_CREAT|O_TRUNC/.test(args);
}
