import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { isRefusedName } from '../intent/names.ts';
import type { FileIdentity } from '../intent/types.ts';
import type { Hold } from '../queue/hold.ts';
import { comesBefore, type Order, type Scheduler } from '../queue/scheduler.ts';
import { sameIdentity } from '../spool/claim.ts';
import { giveUp, unlessLost } from '../spool/ground.ts';
import type { Intake, Waiting } from '../spool/intake.ts';
import type { Layout } from '../spool/layout.ts';
import type { Members } from '../spool/members.ts';
import type { Log } from '../telemetry/log.ts';
import type { Pool } from '../workers/pool.ts';
import { checkOne } from './check.ts';
import type { Claims } from './claims.ts';
import { type Concluder, refusalOf } from './concluder.ts';
import { Foreign } from './foreign.ts';
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
  members: Members;
  claims: Claims;
  intake: Intake;
  scheduler: Scheduler<Job>;
  pool: Pool;
  slots: Slots;
  processor: Processor;
  concluder: Concluder;
  tally: Tally;
  /** Keeps an intent's target waiting while another instance has one of its name in hand. */
  waitFor(job: Job): void;
  /** Whether anything new may begin now. */
  mayBegin(): boolean;
  /** Called after each step; what waits for idleness looks again. */
  progressed(): void;
};

/**
 * The way of an intent through the rooms: read ahead, chosen, claimed, recognised, run, recorded,
 * filed. Nothing here is kept that the disk does not say as well.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #readAhead: ReadAhead;
  readonly #foreign: Foreign;
  /** What has left the queue and is not filed yet. */
  readonly #active = new Set<Promise<void>>();
  /** Claimed files that are not those that were read, and their places in the order of dropping. */
  readonly #replaced = new Map<Job, Order>();
  /** Names of files that are claimed and have no conclusion yet. */
  readonly #claimed = new Set<string>();
  #stopping = false;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#foreign = new Foreign(parts.layout.handoff);
    this.#readAhead = new ReadAhead({
      ...parts,
      accept: (job) => this.#accept(job),
      refuse: (file, refused) => this.#track(this.#refuse(file, refused)),
      advanced: () => this.pump(),
    });
  }

  /** Whether this name's file in handoff is being read, queued or left to another instance. */
  has(name: string): boolean {
    return this.knows(name) || this.#readAhead.has(name);
  }

  /** Its place in the order of dropping. */
  timeOf(name: string): number | undefined {
    const { scheduler } = this.#parts;
    return scheduler.get(name)?.time ?? this.#foreign.timeOf(name) ?? this.#readAhead.timeOf(name);
  }

  /** Whether it is read, so that its target is known. */
  knows(name: string): boolean {
    return this.#parts.scheduler.has(name) || this.#foreign.has(name);
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

  /** Files in handoff that belong to other instances. */
  get foreign(): number {
    return this.#foreign.size;
  }

  /** Begins what can begin. */
  pump(): void {
    const { hold, slots, scheduler, mayBegin } = this.#parts;
    if (mayBegin()) this.#readAhead.pump();
    while (!this.#stopping && !hold.active && slots.free > 0 && mayBegin()) {
      const job = scheduler.next(this.#firstUnknown());
      if (!job) break;
      void slots.take();
      this.#track(this.#process(job));
    }
    this.#parts.progressed();
  }

  /** The first file whose target is not known: nothing that was dropped later may overtake it. */
  #firstUnknown(): Order | undefined {
    let first = this.#readAhead.firstUnread();
    for (const order of this.#replaced.values()) {
      if (!first || comesBefore(order, first)) first = order;
    }
    return first;
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
    this.#foreign.delete(name);
  }

  /** Other instances live than before: each intent goes to whoever owns its target now. */
  redistribute(): void {
    const { intake, scheduler, members } = this.#parts;
    for (const file of this.#foreign.takeAll()) intake.putBack(file);
    for (const job of scheduler.jobs()) {
      if (job.place === 'inflight' || members.owns(job.target)) continue;
      scheduler.remove(job.id);
      this.#foreign.add(job);
    }
  }

  /** Intents for these targets wait, and no others. */
  block(targets: ReadonlySet<string>): void {
    this.#parts.scheduler.block(targets);
    this.pump();
  }

  /** Makes sure of what is known of files that are left to others. Throws errno errors. */
  verifyForeign(): Promise<void> {
    return this.#foreign.verify();
  }

  /** Nothing new begins. Resolves when all that is under way has ended. */
  async stop(): Promise<void> {
    const { scheduler, processor, pool } = this.#parts;
    this.#stopping = true;
    this.#readAhead.stop();
    processor.stop();
    pool.drain();
    for (const job of scheduler.removeNewest(scheduler.size)) {
      if (job.place === 'inflight') this.#parts.claims.giveBack(job.name);
    }
    while (this.#active.size > 0) await Promise.all(this.#active);
  }

  /** Gives back whatever is still claimed, because what it waits for does not come. */
  abandon(): void {
    for (const name of this.#claimed) this.#parts.claims.giveBack(name);
    this.#claimed.clear();
  }

  /** What is lost with its directory is over here; whoever works on that one again takes it up. */
  #track(work: Promise<void>): void {
    const over = work.catch(unlessLost);
    this.#active.add(over);
    void over.finally(() => {
      this.#active.delete(over);
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
        this.#parts.claims.giveBack(job.name);
      }
    } finally {
      if (slot) slots.give();
      scheduler.finished(job);
    }
  }

  /** Claims a job's file and makes sure that it is the one that was read. */
  async #take(job: Job): Promise<boolean> {
    if (job.place === 'inflight') return true;
    const { layout, claims } = this.#parts;
    const isOther = (found: FileIdentity) => !sameIdentity(found, job.intent.identity);
    const found = await claims.take(
      job.name,
      join(layout.handoff, job.name),
      () => this.#mayTake(job),
      (identity) => {
        if (isOther(identity)) this.#replaced.set(job, orderOf(job.name, identity));
      },
    );
    if (found.kind === 'elsewhere') this.#parts.waitFor(job);
    if (found.kind === 'elsewhere' || found.kind === 'not-ours') this.#accept(job);
    if (found.kind !== 'claimed') return false;
    if (!isOther(found.identity)) return true;
    return this.#readAgain(job).finally(() => this.#replaced.delete(job));
  }

  /** The file was replaced between look and claim: what counts is what we have now. */
  async #readAgain(job: Job): Promise<boolean> {
    const { pool, hold, layout, intake, settings } = this.#parts;
    const path = join(layout.inflight, job.name);
    const read = () => checkOne(pool, path);
    const result = await hold.guard('disk', `read ${job.name}`, read, giveUp);
    if (result.kind === 'accepted') {
      const sameTarget = `${result.intent.namespace}/${result.intent.target}` === job.target;
      if (!sameTarget) this.#enqueueClaimed(job.name, result.intent);
      job.intent = result.intent;
      return sameTarget;
    }
    if (result.kind !== 'refused') return false;
    if (result.refusal.mayPass && Date.now() - result.changedMs < settings.settleTimeoutMs) {
      this.#parts.claims.giveBack(job.name);
      intake.settle(job.name, settings.debounceMs);
    } else {
      await this.#parts.concluder.conclude(job.name, ...refusalOf(result));
    }
    return false;
  }

  #enqueueClaimed(name: string, intent: Job['intent']): void {
    const target = `${intent.namespace}/${intent.target}`;
    const { priority } = intent;
    const id = `.inflight/${name}`;
    const order = orderOf(name, intent.identity);
    this.#parts.scheduler.add({ id, ...order, target, priority, intent, place: 'inflight' });
  }

  /** Files a refused file: claimed, recorded, moved, and never run. */
  async #refuse(file: Waiting, result: Refused): Promise<void> {
    const { mayBegin, intake, claims, settings } = this.#parts;
    // Whoever comes first may file it: it has no target that could be somebody else's.
    const found = await claims.take(file.name, file.path, mayBegin);
    if (found.kind === 'not-ours') intake.settle(file.name, 0);
    if (found.kind === 'elsewhere') intake.settle(file.name, settings.debounceMs);
    if (found.kind !== 'claimed') return;
    const isOther = result.identity !== null && !sameIdentity(found.identity, result.identity);
    // What was put in its place since is not refused for what the first one was.
    if (isOther) await this.resume(file.name);
    else await this.#parts.concluder.conclude(file.name, ...refusalOf(result));
  }

  #accept(job: Job): void {
    const { members, scheduler } = this.#parts;
    if (members.owns(job.target)) scheduler.add(job);
    else this.#foreign.add(job);
  }

  #mayTake({ target }: Job): boolean {
    const { members, mayBegin } = this.#parts;
    return mayBegin() && members.owns(target);
  }
}

function orderOf(name: string, { mtimeNs }: FileIdentity): Order {
  return { name, time: Number(mtimeNs) / 1e6 };
}
