import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { formatDuration } from '../config/units.ts';
import { judge, type Verdict } from '../porch/exit-codes.ts';
import type { PorchRequest } from '../porch/types.ts';
import type { Hold } from '../queue/hold.ts';
import { retryDelayMs } from '../queue/retry.ts';
import { giveUp } from '../spool/ground.ts';
import type { Layout } from '../spool/layout.ts';
import { isKept } from '../state/kept-hash.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Meter } from '../telemetry/meter.ts';
import { scrub } from '../telemetry/scrub.ts';
import type { Pool } from '../workers/pool.ts';
import type { Ran, RunOptions } from '../workers/runners.ts';
import { ThreadDied } from '../workers/thread.ts';
import { type Conclusion, type Failure, type Job, logFieldsOf } from './job.ts';
import type { Slots } from './slots.ts';
import { runIdOf, type Strays } from './strays.ts';

export type ProcessorParts = {
  settings: Settings;
  /** Absolute path of porch, or `builtin`. */
  porch: string;
  layout: Layout;
  /** Names this run of the program. */
  life: string;
  hold: Hold;
  store: Store;
  pool: Pool;
  slots: Slots;
  strays: Strays;
  log: Log;
  meter: Meter;
};

/** So often in a row a porch that was replaced while it ran is run anew. */
const REPLACED_AT_MOST = 3;

/** Porch, or the disk under its output, refuses to work: nobody's fault but theirs. */
class NotStarted extends Error {
  readonly code: string;

  constructor(errno: string, message: string) {
    super(message);
    this.code = errno;
  }
}

/** Runs porch for claimed intents, again where the failure may pass by itself. */
export class Processor {
  readonly #parts: ProcessorParts;
  readonly #delays = new Map<NodeJS.Timeout, () => void>();
  #runs = 0;
  #stopping = false;

  constructor(parts: ProcessorParts) {
    this.#parts = parts;
  }

  /** No attempt begins from now on; what waits for its next one is given back. */
  stop(): void {
    this.#stopping = true;
    for (const [timer, resolve] of this.#delays) {
      clearTimeout(timer);
      resolve();
    }
    this.#delays.clear();
  }

  /**
   * Brings a claimed intent to its conclusion, or to null where it is to be given back. The caller
   * holds a slot; it is free again when this resolves.
   */
  async run(job: Job): Promise<Conclusion | null> {
    const begun = performance.now();
    const done = (ended: Omit<Conclusion, 'durationMs'>): Conclusion => {
      return { ...ended, durationMs: performance.now() - begun };
    };
    let slot = true;
    const giveSlot = () => {
      if (slot) this.#parts.slots.give();
      slot = false;
    };
    try {
      const repeated = this.#repeated(job);
      if (repeated) return done(repeated);
      for (let attempt = 1; !this.#stopping; attempt++) {
        const tried = await this.#attempt(job, attempt);
        giveSlot();
        if (tried.kind === 'cancelled') break;
        if (tried.kind === 'concluded') return done(tried.conclusion(performance.now() - begun));
        await this.#wait(retryDelayMs(this.#parts.settings.retry, attempt));
        if (this.#stopping) break;
        await this.#parts.slots.take();
        slot = true;
      }
      this.#noteGivenBack(job);
      return null;
    } finally {
      giveSlot();
    }
  }

  /** A success with the same content is not repeated. */
  #repeated({ name, intent }: Job): Omit<Conclusion, 'durationMs'> | null {
    const past = this.#parts.store.past(name);
    if (!past?.succeeded || !isKept(past.sha, intent.sha256)) return null;
    const when = new Date(past.at).toISOString();
    const message = `Skipped: the same content under this name succeeded at ${when}`;
    return { outcome: 'skipped', message, attempts: 0, workerId: null };
  }

  /** `attempt` counts in this life of the program; porch is told of those of earlier ones too. */
  async #attempt(job: Job, attempt: number): Promise<Tried> {
    const { store, settings, life, log, strays } = this.#parts;
    const { name, intent } = job;
    for (;;) {
      const deaths = store.deaths(name, intent.sha256);
      const total = store.attempts(name, intent.sha256);
      if (deaths >= settings.crashLimit) return concluded(crashed(deaths, total));
      const run = runIdOf(life, ++this.#runs);
      try {
        const request = this.#request(job, total + 1, run);
        const ran = await this.#runGuarded(job, request, {
          alone: deaths > 0,
          priority: job.priority,
          begins: once(() => this.#note(job, { run, attempt: total + 1, deaths })),
        });
        return this.#judge(job, request, attempt, ran);
      } catch (error) {
        if (!(error instanceof ThreadDied)) throw error;
        if (this.#stopping) return { kind: 'cancelled' };
        log.warn({ ...logFieldsOf(job), error_type: 'worker' }, `${error.message}; it is replaced`);
        strays.sweep();
        this.#note(job, { run: '', attempt: total + 1, deaths: deaths + 1 });
      }
    }
  }

  #note({ name, intent }: Job, now: { run: string; attempt: number; deaths: number }): void {
    this.#parts.store.started({ name, sha: intent.sha256, id: intent.identity, ...now });
  }

  /** Nobody died: the next start must not count this run among the deaths. */
  #noteGivenBack(job: Job): void {
    const { store } = this.#parts;
    const [name, sha] = [job.name, job.intent.sha256];
    const [attempt, deaths] = [store.attempts(name, sha), store.deaths(name, sha)];
    this.#note(job, { run: '', attempt, deaths });
  }

  #request({ name, intent }: Job, attempt: number, runId: string): PorchRequest {
    const { settings, porch, layout } = this.#parts;
    const own = Math.min(intent.timeoutMs, settings.maxPorchTimeoutMs);
    return {
      porch,
      mode: settings.mode,
      intentPath: join(layout.inflight, name),
      outDir: settings.out,
      timeoutMs: own > 0 ? own : settings.porchTimeoutMs,
      runId,
      attempt,
      sha256: intent.sha256,
      correlationId: intent.correlationId,
      porchEnv: settings.porchEnv,
    };
  }

  /** While porch cannot be started, or the disk refuses its output, the queue is held. */
  async #runGuarded(job: Job, request: PorchRequest, options: RunOptions): Promise<Ran> {
    const { hold, porch } = this.#parts;
    const cause = porch === 'builtin' ? 'disk' : 'porch';
    const run = () => this.#runOnce(request, options);
    for (let again = 0; ; again++) {
      const ran = await hold.guard(cause, `run porch for ${job.name}`, run, giveUp);
      const { exitCode, cancelled, replaced } = ran.result;
      if (exitCode === 0 || cancelled) return ran;
      // A failure while the file was away with its directory says nothing about the intent, nor does
      // that of a porch that was just being replaced; but one may change with every run.
      if (hold.isHere && !(replaced && again < REPLACED_AT_MOST)) return ran;
    }
  }

  async #runOnce(request: PorchRequest, options: RunOptions): Promise<Ran> {
    const { pool, porch, strays } = this.#parts;
    try {
      if (porch !== 'builtin') strays.runBegins(request.runId);
      const ran = await pool.runners.run(request, options);
      const { startError } = ran.result;
      if (startError && !startError.unfit && !this.#stopping) {
        throw new NotStarted(startError.errno, startError.message);
      }
      return ran;
    } finally {
      if (porch !== 'builtin') strays.runEnded(request.runId);
    }
  }

  #judge(job: Job, request: PorchRequest, attempt: number, { result, workerId }: Ran): Tried {
    const { settings, log, meter } = this.#parts;
    const verdict = judge(result, request);
    if (log.isLevelEnabled('debug')) {
      const [stdout, stderr] = [scrub(result.stdout), scrub(result.stderr)];
      const { attempt: number, runId } = request;
      const fields = { ...logFieldsOf(job), worker_id: workerId, attempt: number, run_id: runId };
      log.debug({ ...fields, stdout, stderr }, 'porch ended');
    }
    if (verdict.kind === 'cancelled' || verdict.kind === 'not-started')
      return { kind: 'cancelled' };
    if (!result.startError) meter.porchRan({ ...result, mode: request.mode });
    if (verdict.kind === 'success') {
      return {
        kind: 'concluded',
        conclusion: (ms) => ({
          outcome: 'success',
          message: `Processed by worker ${workerId} in ${formatDuration(ms)}`,
          attempts: request.attempt,
          workerId,
        }),
      };
    }
    if (verdict.kind === 'retry' && attempt < settings.retry.maxAttempts) {
      log.warn(
        { ...logFieldsOf(job), worker_id: workerId, error_type: 'porch', error_code: verdict.code },
        `${job.name}: attempt ${attempt} of ${settings.retry.maxAttempts} failed and is repeated: ` +
          verdict.message,
      );
      meter.retried();
      return { kind: 'repeat' };
    }
    return concluded(failed(verdict, request.attempt, { result, workerId }));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#delays.delete(timer);
        resolve();
      }, ms);
      this.#delays.set(timer, resolve);
    });
  }
}

type Tried =
  | { kind: 'concluded'; conclusion(durationMs: number): Omit<Conclusion, 'durationMs'> }
  | { kind: 'repeat' }
  | { kind: 'cancelled' };

const concluded = (conclusion: Omit<Conclusion, 'durationMs'>): Tried => {
  return { kind: 'concluded', conclusion: () => conclusion };
};

function failed(
  { status, code, message, alert }: Extract<Verdict, { kind: 'retry' | 'failed' }>,
  attempts: number,
  { result, workerId }: Ran,
): Omit<Conclusion, 'durationMs'> {
  const error: Failure = {
    code,
    message,
    mend: mends[code] ?? 'read what porch said below and mend the intent or porch',
    exitCode: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
    alert,
  };
  return {
    outcome: status,
    message: `Failed in worker ${workerId}: ${message}`,
    attempts,
    workerId,
    error,
  };
}

function once(step: () => void): () => void {
  let done = false;
  return () => {
    if (!done) step();
    done = true;
  };
}

const mends: Partial<Record<Failure['code'], string>> = {
  E006: 'install the program that porch did not find, or put it into PATH',
  E007: 'find out what porch waits for, or give it longer with porch_timeout',
  E014: 'drop it again under a name of letters, digits, dots, hyphens and underscores',
  E008: 'make the program that porch could not execute executable for this user',
};

function crashed(deaths: number, attempts: number): Omit<Conclusion, 'durationMs'> {
  const message = `the program or its worker died ${deaths} times while this intent ran`;
  const mend = 'look at the log before each restart (out of memory?) before it is dropped again';
  const error: Failure = { code: 'E012', message, mend, alert: true };
  return { outcome: 'failed', message: `Failed: ${message}`, attempts, workerId: null, error };
}
