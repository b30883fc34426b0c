import type { CheckResult, Refusal } from '../intent/types.ts';
import type { Hold } from '../queue/hold.ts';
import { comesBefore, type Order, type Scheduler } from '../queue/scheduler.ts';
import { mtimeMsOf } from '../spool/claim.ts';
import type { Intake, Waiting } from '../spool/intake.ts';
import type { Pool } from '../workers/pool.ts';
import { ThreadDied } from '../workers/thread.ts';
import type { Job, Refused } from './job.ts';

/** They may change while it works. */
type ReadAheadSettings = {
  /** Intents read and not yet run, at most. */
  readonly queueSize: number;
  readonly debounceMs: number;
  readonly settleTimeoutMs: number;
  readonly crashLimit: number;
};

export type ReadAheadParts = {
  intake: Intake;
  scheduler: Scheduler<Job>;
  pool: Pool;
  /** Reads few small files at once; null where the pool's reader had better do it. */
  readHere(paths: readonly string[]): CheckResult[] | null;
  hold: Hold;
  settings: ReadAheadSettings;
  /** An intent that is in order. */
  accept(job: Job): void;
  /** A file that is refused; it still lies in handoff. */
  refuse(file: Waiting, refused: Refused): void;
  /** Something changed that may let another job begin. */
  advanced(): void;
};

const BATCH = 64;
const BATCHES_AT_ONCE = 2;

/** An errno error of a look at a file, as the hold knows them. */
class Unavailable extends Error {
  readonly code: string;

  constructor(errno: string, message: string) {
    super(message);
    this.code = errno;
  }
}

/**
 * Reads settled files in the order of dropping, a bounded number ahead of those that run: only by
 * reading an intent is it known which target it belongs to.
 */
export class ReadAhead {
  readonly #parts: ReadAheadParts;
  readonly #reading = new Set<Waiting[]>();
  /** Since when (ms since 1970) a file with a modification time ahead of us is incomplete. */
  readonly #incompleteSince = new Map<string, number>();
  /** How often the reader died over a file. */
  readonly #deaths = new Map<string, number>();
  #stopped = false;

  constructor(parts: ReadAheadParts) {
    this.#parts = parts;
  }

  get reading(): number {
    let count = 0;
    for (const batch of this.#reading) count += batch.length;
    return count;
  }

  /** Whether the file of this name is being read. */
  has(name: string): boolean {
    for (const batch of this.#reading) if (batch.some((file) => file.name === name)) return true;
    return false;
  }

  timeOf(name: string): number | undefined {
    for (const batch of this.#reading) {
      const file = batch.find((one) => one.name === name);
      if (file) return file.time;
    }
    return undefined;
  }

  /** The first file whose target is not known yet: nothing that was dropped later may overtake it. */
  firstUnread(): Order | undefined {
    let first: Order | undefined = this.#parts.intake.earliest;
    for (const [head] of this.#reading) {
      if (head && (!first || comesBefore(head, first))) first = head;
    }
    return first;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Reads on as long as there is room. */
  pump(): void {
    const { intake, hold } = this.#parts;
    while (!this.#stopped && !hold.active && this.#reading.size < BATCHES_AT_ONCE && this.#room()) {
      const batch = intake.take(BATCH);
      if (batch.length === 0) return;
      this.#reading.add(batch);
      void this.#read(batch);
    }
  }

  /**
   * A full queue takes nothing more, except what was dropped before the newest of it: that one has
   * to run first, and the newest of the queue is put back for it.
   */
  #room(): boolean {
    const { intake, scheduler, settings } = this.#parts;
    const first = intake.peek();
    if (!first) return false;
    if (scheduler.size + this.reading < settings.queueSize) return true;
    if (!scheduler.newest || comesBefore(scheduler.newest, first)) return false;
    for (const job of scheduler.removeNewest(Math.min(BATCH, scheduler.size))) {
      if (job.place === 'handoff') intake.putBack(job);
      else scheduler.add(job);
    }
    return true;
  }

  async #read(batch: Waiting[]): Promise<void> {
    const results = await this.#check(batch);
    this.#reading.delete(batch);
    // It lies in handoff still, and there it stays: what stops claims and records nothing any more.
    if (this.#stopped) return;
    for (const [index, file] of batch.entries()) {
      const result = results[index];
      if (result) this.#sort(file, result);
    }
    this.#parts.advanced();
  }

  async #check(batch: Waiting[]): Promise<CheckResult[]> {
    const { pool, readHere, hold } = this.#parts;
    const readable = batch.filter((file) => !file.refusedName);
    const first = readable[0];
    try {
      const paths = readable.map(({ path }) => path.toString());
      const results = first
        ? await hold.guard('disk', `read ${first.name}`, async () => {
            return available(readHere(paths) ?? (await pool.check(paths)));
          })
        : [];
      let next = 0;
      return batch.map((file) => {
        return file.refusedName ? refusedForName(file.refusedName) : (results[next++] ?? gone);
      });
    } catch (error) {
      if (!(error instanceof ThreadDied)) throw error;
      // The reader was closed: asked again, it would be started again.
      return this.#stopped ? [] : this.#checkOneByOne(batch);
    }
  }

  /** One file of a batch ended the reader: alone, the guilty one is found. */
  async #checkOneByOne(batch: Waiting[]): Promise<CheckResult[]> {
    const [only] = batch;
    if (batch.length > 1 || !only) {
      const results: CheckResult[] = [];
      for (const file of batch) results.push(...(await this.#check([file])));
      return results;
    }
    const deaths = (this.#deaths.get(only.name) ?? 0) + 1;
    this.#deaths.set(only.name, deaths);
    if (deaths < this.#parts.settings.crashLimit) return this.#check(batch);
    return [
      refusedFor('E012', `reading it ended the reader ${deaths} times`, 'look into the file'),
    ];
  }

  #sort(file: Waiting, result: CheckResult): void {
    const { intake, accept, refuse } = this.#parts;
    // It has changed while it was read: it is read again when it has settled.
    if (intake.has(file.name)) return;
    if (result.kind === 'accepted') {
      const { intent } = result;
      const time = this.#settledTime(file, mtimeMsOf(intent.identity));
      if (time === undefined) return;
      const { name } = file;
      this.#forget(name);
      const target = `${intent.namespace}/${intent.target}`;
      const { priority } = intent;
      accept({ id: name, name, time, target, priority, intent, place: 'handoff' });
    } else if (result.kind === 'refused') {
      if (result.refusal.mayPass && this.#stillTime(file, result.changedMs)) return;
      this.#forget(file.name);
      refuse(file, result);
    } else {
      this.#forget(file.name);
    }
  }

  /**
   * Its place in the order of dropping. What was written or replaced after it was listed, without
   * news of it, has another one than listed; undefined where it settles anew.
   */
  #settledTime({ name, time }: Waiting, mtimeMs: number): number | undefined {
    const quiet = Date.now() - mtimeMs;
    if (Math.abs(mtimeMs - time) < 0.001 || quiet < 0) return time;
    const { intake, settings } = this.#parts;
    if (quiet >= settings.debounceMs) return mtimeMs;
    intake.settle(name, settings.debounceMs - quiet);
    return undefined;
  }

  /** An incomplete file is given `settleTimeoutMs` after its last change to become complete. */
  #stillTime({ name }: Waiting, changedMs: number): boolean {
    const { intake, settings } = this.#parts;
    const now = Date.now();
    const since = changedMs <= now ? changedMs : (this.#incompleteSince.get(name) ?? now);
    const left = since + settings.settleTimeoutMs - now;
    if (left <= 0) return false;
    if (changedMs > now) this.#incompleteSince.set(name, since);
    intake.settle(name, left);
    return true;
  }

  #forget(name: string): void {
    this.#incompleteSince.delete(name);
    this.#deaths.delete(name);
  }
}

const gone: CheckResult = { kind: 'gone' };

/** A file system that fails says nothing about the intents: it is a matter for the hold. */
function available(results: CheckResult[]): CheckResult[] {
  for (const result of results) {
    if (result.kind === 'unavailable') throw new Unavailable(result.errno, result.message);
  }
  return results;
}

function refusedForName({ reason, escaped }: { reason: string; escaped: string }): CheckResult {
  return refusedFor(
    'E014',
    `the file's name is refused: ${reason}; it was "${escaped}"`,
    'drop it again under a name of letters, digits, dots, hyphens and underscores',
  );
}

/** A refusal that needs no look at the content. */
export function refusedFor(code: Refusal['code'], message: string, mend: string): CheckResult {
  const refusal: Refusal = { code, message, mend, mayPass: false };
  return {
    kind: 'refused',
    refusal,
    identity: null,
    sha256: null,
    correlationId: '',
    changedMs: 0,
  };
}
