import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { CheckResult, FileIdentity } from '../intent/types.ts';
import type { Hold } from '../queue/hold.ts';
import { comesBefore, type Order, type Scheduler } from '../queue/scheduler.ts';
import { mtimeMsOf, sameIdentity } from '../spool/claim.ts';
import { unlessLost } from '../spool/ground.ts';
import type { Intake, Waiting } from '../spool/intake.ts';
import type { Layout } from '../spool/layout.ts';
import type { Members } from '../spool/members.ts';
import type { Log } from '../telemetry/log.ts';
import type { Pool } from '../workers/pool.ts';
import { checkClaimed } from './check.ts';
import type { Claims } from './claims.ts';
import { type Concluder, refusalOf } from './concluder.ts';
import { Foreign } from './foreign.ts';
import type { Job, Refused } from './job.ts';
import type { Processor } from './processor.ts';
import { ReadAhead } from './read-ahead.ts';
import type { Slots } from './slots.ts';
import type { Tally } from './tally.ts';

/** More than the usual priority, which is 5. */
const URGENT = 6;

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
  readHere(paths: readonly string[]): CheckResult[] | null;
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
  /** Claimed files that were not read as they are, and their places in the order of dropping. */
  readonly #unread = new Map<string, Order>();
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
    // At the start there is none, and a million are asked for.
    return this.hasAny && (this.knows(name) || this.#readAhead.has(name));
  }

  get hasAny(): boolean {
    return this.queued + this.foreign > 0;
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

  /** Intents that are known and not done with. */
  get open(): number {
    const { intake } = this.#parts;
    return intake.settled + intake.settling + this.queued + this.#active.size;
  }

  /** Intents that are read, or being read, and wait for their turn. */
  get queued(): number {
    return this.#parts.scheduler.size + this.#readAhead.reading;
  }

  /** Files in handoff that belong to other instances. */
  get foreign(): number {
    return this.#foreign.size;
  }

  /** Begins what can begin. */
  pump(): void {
    const { hold, slots, scheduler, mayBegin } = this.#parts;
    if (mayBegin()) this.#readAhead.pump();
    while (!this.#stopping && !hold.active && slots.freeForUrgent > 0 && mayBegin()) {
      const job = scheduler.next(this.#firstUnknown(), slots.free > 0 ? 0 : URGENT);
      if (!job) break;
      slots.takeFree();
      this.#track(this.#process(job));
    }
    this.#parts.progressed();
  }

  /** The first file whose target is not known: nothing that was dropped later may overtake it. */
  #firstUnknown(): Order | undefined {
    let first = this.#readAhead.firstUnread();
    for (const order of this.#unread.values()) {
      if (!first || comesBefore(order, first)) first = order;
    }
    return first;
  }

  /** Takes up a claimed file whose content is unknown; `patient`: its writer may still complete it. */
  async resume(name: string, patient = true): Promise<void> {
    const result = await checkClaimed(this.#parts, name);
    if (result.kind === 'accepted') this.#enqueueClaimed(name, result.intent);
    if (result.kind !== 'refused') return;
    const { claims, settings } = this.#parts;
    const isYoung = Date.now() - result.changedMs < settings.settleTimeoutMs;
    const mayPass = patient && result.refusal.mayPass && isYoung;
    if (mayPass && (await claims.settleAgain(name))) return;
    await this.#concludeRefused(name, result);
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
    const { processor, pool } = this.#parts;
    this.#stopping = true;
    this.#readAhead.stop();
    processor.stop();
    pool.runners.drain();
    this.#giveBackWaiting();
    while (this.#active.size > 0) await Promise.all(this.#active);
    // What was being read again meanwhile.
    this.#giveBackWaiting();
  }

  #giveBackWaiting(): void {
    const { scheduler, claims } = this.#parts;
    for (const { place, name } of scheduler.removeNewest(scheduler.size)) {
      if (place === 'inflight') claims.giveBack(name);
    }
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

  /** Claims a job's file; false where it is not what was read, or not ours to claim. */
  async #take(job: Job): Promise<boolean> {
    if (job.place === 'inflight') return true;
    const path = join(this.#parts.layout.handoff, job.name);
    const { identity } = job.intent;
    const found = await this.#claim(job.name, path, identity, () => this.#mayTake(job));
    if (found === 'elsewhere') this.#parts.waitFor(job);
    if (found === 'elsewhere' || found === 'not-ours') this.#accept(job);
    return found === 'claimed';
  }

  /**
   * Claims a file that was `read` as this, or could not be. Where another was put in its place since,
   * what counts is what we have now: it is read again, and has its own place in the order of dropping.
   */
  async #claim(
    name: string,
    path: Waiting['path'],
    read: FileIdentity | 'unread' | null,
    mayTake: () => boolean,
  ): Promise<'read-again' | Awaited<ReturnType<Claims['take']>>['kind']> {
    const isRead = (found: FileIdentity) => {
      return read === null || (read !== 'unread' && sameIdentity(found, read));
    };
    const found = await this.#parts.claims.take(name, path, mayTake, (identity) => {
      if (!isRead(identity)) this.#unread.set(name, orderOf(name, identity));
    });
    if (found.kind !== 'claimed' || isRead(found.identity)) return found.kind;
    // What could not be read was waited for already; and the claim has changed its time.
    await this.resume(name, read !== 'unread').finally(() => this.#unread.delete(name));
    return 'read-again';
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
    const { mayBegin, intake, settings } = this.#parts;
    // Who kept us from reading it may have let go by now: on Windows scanners hold files for moments.
    const read = result.refusal.code === 'E016' ? 'unread' : result.identity;
    // Whoever comes first may file it: it has no target that could be somebody else's.
    const found = await this.#claim(file.name, file.path, read, mayBegin);
    if (found === 'not-ours') intake.settle(file.name, 0);
    if (found === 'elsewhere') intake.settle(file.name, settings.debounceMs);
    if (found === 'claimed') await this.#concludeRefused(file.name, result);
  }

  /** What is dropped under its name meanwhile waits, and keeps its place. */
  async #concludeRefused(name: string, result: Refused): Promise<void> {
    const { scheduler, concluder } = this.#parts;
    const isOccupied = scheduler.occupy(name);
    try {
      await concluder.conclude(name, ...refusalOf(result));
    } finally {
      if (isOccupied) scheduler.vacate(name);
    }
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

function orderOf(name: string, identity: FileIdentity): Order {
  return { name, time: mtimeMsOf(identity) };
}
