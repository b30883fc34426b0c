import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { isRefusedName } from '../intent/names.ts';
import type { CheckResult } from '../intent/types.ts';
import type { Hold } from '../queue/hold.ts';
import type { Scheduler } from '../queue/scheduler.ts';
import { type Claim, claim, giveBack, sameIdentity } from '../spool/claim.ts';
import { assertUsable } from '../spool/directories.ts';
import type { Intake, Waiting } from '../spool/intake.ts';
import type { Layout } from '../spool/layout.ts';
import type { Log } from '../telemetry/log.ts';
import { type Pool, ThreadDied } from '../workers/pool.ts';
import { type Concluder, refusalOf } from './concluder.ts';
import type { Job, Refused } from './job.ts';
import type { Processor } from './processor.ts';
import { ReadAhead, refusedFor } from './read-ahead.ts';
import type { Slots } from './slots.ts';
import type { Tally } from './tally.ts';

export type PipelineParts = {
  settings: Settings;
  layout: Layout;
  log: Log;
  hold: Hold;
  intake: Intake;
  scheduler: Scheduler<Job>;
  pool: Pool;
  slots: Slots;
  processor: Processor;
  concluder: Concluder;
  tally: Tally;
  /** Called after each step; what waits for idleness looks again. */
  progressed(): void;
};

const READER_DEATHS = 5;

/**
 * The way of an intent through the rooms: read ahead, chosen, claimed, recognised, run, recorded,
 * filed. Nothing here is kept that the disk does not say as well.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #readAhead: ReadAhead;
  /** What has left the queue and is not filed yet. */
  readonly #active = new Set<Promise<void>>();
  /** Names of files that are claimed and have no conclusion yet. */
  readonly #claimed = new Set<string>();
  readonly #stuck = new Set<string>();
  #stopping = false;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    const { settings } = parts;
    this.#readAhead = new ReadAhead({
      ...parts,
      ...settings,
      refuse: (file, refused) => this.#track(this.#refuse(file, refused)),
      advanced: () => this.pump(),
    });
  }

  /** Whether this name's file in handoff is read or queued. */
  has(name: string): boolean {
    return this.#parts.scheduler.has(name) || this.#readAhead.has(name);
  }

  /** Everything that is known of has been brought to its end. */
  get idle(): boolean {
    return this.open === 0;
  }

  /** Intents that are known and not done with. */
  get open(): number {
    const { intake, scheduler } = this.#parts;
    const waiting = intake.settled + intake.settling + scheduler.size;
    return waiting + this.#readAhead.reading + this.#active.size;
  }

  /** Names that the system does not let us move. */
  get stuck(): ReadonlySet<string> {
    return this.#stuck;
  }

  /** Begins what can begin. */
  pump(): void {
    const { hold, slots, scheduler } = this.#parts;
    this.#readAhead.pump();
    while (!this.#stopping && !hold.active && slots.free > 0) {
      const job = scheduler.next(this.#readAhead.firstUnread());
      if (!job) break;
      void slots.take();
      this.#track(this.#process(job));
    }
    this.#parts.progressed();
  }

  /** Takes up a claimed file that a predecessor did not bring to its end. */
  async resume(name: string): Promise<void> {
    const { pool, hold, layout } = this.#parts;
    const path = join(layout.inflight, name);
    const result = isRefusedName(name)
      ? refusedFor('E014', 'its name was refused before a restart', 'drop it under a plain name')
      : await hold.guard('disk', `read ${name}`, () => checkOne(pool, path));
    if (result.kind === 'accepted') this.#enqueueClaimed(name, result.intent);
    else if (result.kind === 'refused')
      this.#track(this.#parts.concluder.conclude(name, ...refusalOf(result)));
  }

  /** A queued file is being changed: it settles and is read again. */
  changed(name: string): void {
    this.#parts.scheduler.remove(name);
  }

  /** Nothing new begins. Resolves when all that is under way has ended. */
  async stop(): Promise<void> {
    const { scheduler, processor, pool } = this.#parts;
    this.#stopping = true;
    this.#readAhead.stop();
    processor.stop();
    pool.drain();
    for (const job of scheduler.removeNewest(scheduler.size)) {
      if (job.place === 'inflight') this.#giveBack(job.name);
    }
    while (this.#active.size > 0) await Promise.all(this.#active);
  }

  /** Gives back whatever is still claimed, because what it waits for does not come. */
  abandon(): void {
    for (const name of this.#claimed) this.#giveBack(name);
    this.#claimed.clear();
  }

  #track(work: Promise<void>): void {
    this.#active.add(work);
    void work.finally(() => {
      this.#active.delete(work);
      this.pump();
    });
  }

  async #process(job: Job): Promise<void> {
    const { scheduler, slots } = this.#parts;
    let slot = true;
    try {
      if (!(await this.#take(job))) return;
      this.#claimed.add(job.name);
      slot = false;
      const conclusion = await this.#parts.processor.run(job);
      this.#claimed.delete(job.name);
      if (conclusion) {
        await this.#parts.concluder.conclude(job.name, conclusion, job.intent);
      } else {
        this.#giveBack(job.name);
      }
    } finally {
      if (slot) slots.give();
      scheduler.finished(job);
    }
  }

  /** Claims a job's file and makes sure that it is the one that was read. */
  async #take(job: Job): Promise<boolean> {
    if (job.place === 'inflight') return true;
    const { layout } = this.#parts;
    const found = await this.#claim(job.name, join(layout.handoff, job.name));
    if (found.kind !== 'claimed') return false;
    if (sameIdentity(found.identity, job.intent.identity)) return true;
    return this.#readAgain(job);
  }

  /** The file was replaced between look and claim: what counts is what we have now. */
  async #readAgain(job: Job): Promise<boolean> {
    const { pool, hold, layout, intake, settings } = this.#parts;
    const path = join(layout.inflight, job.name);
    const result = await hold.guard('disk', `read ${job.name}`, () => checkOne(pool, path));
    if (result.kind === 'accepted') {
      const sameTarget = `${result.intent.namespace}/${result.intent.target}` === job.target;
      if (!sameTarget) this.#enqueueClaimed(job.name, result.intent);
      job.intent = result.intent;
      return sameTarget;
    }
    if (result.kind !== 'refused') return false;
    if (result.refusal.mayPass && Date.now() - result.changedMs < settings.settleTimeoutMs) {
      this.#giveBack(job.name);
      intake.settle(job.name, settings.debounceMs);
    } else {
      await this.#parts.concluder.conclude(job.name, ...refusalOf(result));
    }
    return false;
  }

  #enqueueClaimed(name: string, intent: Job['intent']): void {
    const target = `${intent.namespace}/${intent.target}`;
    const time = Number(intent.identity.mtimeNs) / 1e6;
    const { priority } = intent;
    const id = `.inflight/${name}`;
    this.#parts.scheduler.add({ id, name, time, target, priority, intent, place: 'inflight' });
  }

  /** Files a refused file: claimed, recorded, moved, and never run. */
  async #refuse(file: Waiting, result: Refused): Promise<void> {
    const found = await this.#claim(file.name, file.path);
    if (found.kind === 'claimed')
      await this.#parts.concluder.conclude(file.name, ...refusalOf(result));
  }

  async #claim(name: string, path: Waiting['path']): Promise<Claim> {
    const { hold, layout, log, intake, settings } = this.#parts;
    const found = await hold.guard('disk', `claim ${name}`, () => {
      const result = claim(layout, path, name);
      // Where no file can be moved at all, it is the directory's fault and not this file's.
      if (result.kind === 'refused') assertUsable(layout);
      return result;
    });
    if (found.kind === 'claimed') this.#stuck.delete(name);
    if (found.kind === 'busy') intake.settle(name, settings.debounceMs);
    if (found.kind === 'refused') {
      if (!this.#stuck.has(name)) {
        log.error(
          { intent_file: name, error_type: 'spool', error_code: 'E005' },
          `${name} cannot be moved out of handoff (${found.errno}): look at its owner and at ` +
            `lsattr; ${settings.once ? 'it is left there' : 'it is tried again'}`,
        );
      }
      this.#stuck.add(name);
      if (!settings.once) intake.settle(name, settings.periodMs);
    }
    return found;
  }

  /** A file that was claimed and not run goes back; where a newer one stands it stays claimed. */
  #giveBack(name: string): void {
    const { layout, tally, log } = this.#parts;
    try {
      if (giveBack(layout, name) === 'moved') tally.givenBack++;
      else log.info({ intent_file: name }, `${name} stays claimed until the next start`);
    } catch (error) {
      log.warn(
        { intent_file: name, err: error },
        `${name} could not be given back; next start will`,
      );
    }
  }
}

/** Looks at one file, again where the reader dies over it. Throws errno errors of a failing disk. */
async function checkOne(pool: Pool, path: string): Promise<CheckResult> {
  for (let deaths = 0; deaths < READER_DEATHS; deaths++) {
    try {
      const [result] = await pool.check([path]);
      if (result?.kind === 'unavailable') {
        throw Object.assign(new Error(result.message), { code: result.errno });
      }
      return result ?? { kind: 'gone' };
    } catch (error) {
      if (!(error instanceof ThreadDied)) throw error;
    }
  }
  return refusedFor('E012', `reading it ended the reader ${READER_DEATHS} times`, 'look into it');
}
