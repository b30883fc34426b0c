import { join } from 'node:path';
import type { CheckResult } from '../intent/types.ts';
import { errnoOf } from '../platform/index.ts';
import type { Hold } from '../queue/hold.ts';
import { claimsOf, exists } from '../spool/claim.ts';
import { unlessLost } from '../spool/ground.ts';
import type { Intake } from '../spool/intake.ts';
import type { Layout } from '../spool/layout.ts';
import type { Members } from '../spool/members.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Pool } from '../workers/pool.ts';
import { ThreadDied } from '../workers/thread.ts';
import type { Pipeline } from './pipeline.ts';
import { abandoned, type Recovered } from './recovery.ts';

export type HandoverParts = {
  layout: Layout;
  members: Members;
  store: Store;
  hold: Hold;
  pool: Pool;
  intake: Intake;
  pipeline: Pipeline;
  log: Log;
  /** Brings to an end what dead instances have left to us. */
  settle(): Promise<Recovered>;
};

const POLL_MS = 100;

/** Whoever has to wait longer for others says what for. */
const LONG_MS = 5000;

/** Files that are left to others are checked at one look in so many. */
const LOOKS_A_CHECK = 6;

/**
 * What follows when instances come and go. Targets that are ours from now on may have an intent that
 * somebody else has claimed and not filed, or has just given back: none of theirs begins before that
 * one is out of the way or in our own queue (docs/instances.md).
 */
export class Handover {
  readonly #parts: HandoverParts;
  /** Claims of others, by name, and the targets that wait for them. */
  readonly #waits = new Map<string, string>();
  #pending = false;
  #said = '';
  #looks = 0;
  #gained = false;
  #working: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: HandoverParts) {
    this.#parts = parts;
  }

  /** Targets are changing hands: nothing is claimed meanwhile. */
  get underWay(): boolean {
    return this.#gained;
  }

  /** Intents that others have in hand or own. */
  get leftToOthers(): number {
    const { layout, members, pipeline } = this.#parts;
    const claimed = members.elsewhere.map((instance) => claimsOf(layout, instance).length);
    return claimed.reduce((sum, count) => sum + count, pipeline.foreign);
  }

  /** The members have changed. What is not ours any more is let go before this returns. */
  changed(gained: boolean): void {
    if (this.#stopped) return;
    this.#gained ||= gained;
    this.#pending = true;
    this.#sayMembers();
    this.#parts.pipeline.redistribute();
    if (this.#working === null) this.#goOn(Promise.resolve());
  }

  /**
   * What could not be settled because a newer file of its name is in our hands, what a dead one has
   * claimed when it woke for a moment, and a journal that it began then, is seen to at the next look.
   */
  looked(): void {
    const { members, pipeline } = this.#parts;
    if (this.#stopped) return;
    if (abandoned(this.#parts).length === 0) {
      if (this.#working !== null || members.still) return;
      if (++this.#looks % LOOKS_A_CHECK === 0) void pipeline.verifyForeign();
      if (!this.#isAnythingLeft) return;
    }
    this.#pending = true;
    if (this.#working === null) this.#goOn(Promise.resolve());
  }

  get #isAnythingLeft(): boolean {
    const { layout, members } = this.#parts;
    const isLeft = (instance: string) => claimsOf(layout, instance).length > 0;
    return members.estates.length > 0 || members.dead.some(isLeft);
  }

  /** An intent of this name is in the hands of another: the target waits for its end. */
  waitFor({ name, target }: { name: string; target: string }): void {
    this.#waits.set(name, target);
    this.#poll();
  }

  /** The first settling, of what lies under our own name too; changes wait for its end. */
  begin(first: Promise<Recovered>): void {
    // The looks before this may have found others who reckon with us already.
    if (!this.#parts.members.alone) {
      this.#gained = true;
      this.#pending = true;
      this.#sayMembers();
    }
    this.#goOn(first);
  }

  /** Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
  }

  #goOn(before: Promise<unknown>): void {
    this.#working = before
      .then(() => this.#work())
      .catch(unlessLost)
      .finally(() => {
        this.#working = null;
        this.#parts.pipeline.pump();
      });
  }

  async #work(): Promise<void> {
    while (this.#pending && !this.#stopped) {
      this.#pending = false;
      await this.#settle();
      if (this.#gained) await this.#takeTargets();
      if (!this.#pending) this.#gained = false;
    }
  }

  #sayMembers(): void {
    const { layout, members, log } = this.#parts;
    const others = members.living.join(', ');
    if (others === this.#said) return;
    this.#said = others;
    log.info(
      others === '' ? `alone on ${layout.handoff}` : `sharing ${layout.handoff} with ${others}`,
    );
  }

  #sayWaiting(): void {
    const { store, log } = this.#parts;
    log.warn(
      { error_type: 'spool' },
      `nothing is claimed yet: what ${store.unfenced.join(', ')} did last is known when the instance ` +
        'that settles it goes on, or has been silent for lease_ttl',
    );
  }

  async #settle(): Promise<void> {
    const { members, log, settle } = this.#parts;
    const dead = members.dead.join(', ');
    const { filed, resumed } = await settle();
    if (filed + resumed === 0) return;
    log.info(
      `took over what ${dead} had left: ${filed} recorded intents filed, ${resumed} given back`,
    );
  }

  async #takeTargets(): Promise<void> {
    const { intake, store, members, hold } = this.#parts;
    // What a dead one did last is known when its heir has set the end of its journal.
    for (let waited = 0; !this.#stopped && !readable(() => store.catchUp()); waited += POLL_MS) {
      if (waited === LONG_MS && store.unfenced.length > 0) this.#sayWaiting();
      // That heir may wait for one whose heir we have become meanwhile; or there is none any more.
      if (this.#pending) return;
      await pause();
    }
    await hold.guard('disk', 'look at what others have claimed', () => this.#findClaims());
    // Whatever was given back before is settled: it was quiet long enough where it came from.
    await intake.lookAnew();
    if (this.#stopped) return;
    this.#poll();
    // Somebody who was taken for dead may have got its lease back.
    await hold.guard('disk', 'look for other instances', () => members.look());
    // What the dead have left on disk is covered by the next snapshot.
    if (members.leads) void store.compact();
  }

  async #findClaims(): Promise<void> {
    const { layout, members } = this.#parts;
    for (const instance of members.elsewhere) {
      const names = claimsOf(layout, instance);
      const paths = names.map((name) => join(layout.inflightRoot, instance, name));
      const results = await this.#check(paths);
      for (const [index, name] of names.entries()) {
        const result = results[index];
        if (result?.kind !== 'accepted') continue;
        const { namespace, target } = result.intent;
        this.#waits.set(name, `${namespace}/${target}`);
      }
    }
    this.#block();
  }

  /** What ends the reader, or cannot be read, has no target that could be ours. */
  async #check(paths: string[]): Promise<CheckResult[]> {
    if (paths.length === 0 || this.#stopped) return [];
    try {
      return await this.#parts.pool.check(paths);
    } catch (error) {
      if (!(error instanceof ThreadDied)) throw error;
      if (paths.length === 1) return [{ kind: 'gone' }];
      const results: CheckResult[] = [];
      for (const path of paths) results.push(...(await this.#check([path])));
      return results;
    }
  }

  #block(): void {
    this.#parts.pipeline.block(new Set(this.#waits.values()));
  }

  /** A name that was seen nowhere twice is filed: between two looks it may have been on its way. */
  #poll(gone: ReadonlySet<string> = new Set()): void {
    clearTimeout(this.#timer);
    const settled = [...this.#waits.keys()].filter((name) => readable(() => this.#isSettled(name)));
    for (const name of settled) if (gone.has(name)) this.#waits.delete(name);
    this.#block();
    if (this.#waits.size === 0 || this.#stopped) return;
    this.#timer = setTimeout(() => this.#poll(new Set(settled)), POLL_MS);
  }

  #isSettled(name: string): boolean {
    const { layout, members, pipeline } = this.#parts;
    if (members.isClaimedElsewhere(name)) return false;
    return pipeline.knows(name) || !exists(join(layout.handoff, name));
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

/** False also where the disk refuses to say. */
function readable(look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
