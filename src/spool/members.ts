import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../platform/index.ts';
import { exists } from './claim.ts';
import { adopt, type Estate, estates } from './estates.ts';
import { LEASE_SUFFIX } from './layout.ts';
import type { Lease } from './lease.ts';
import { type FoundLease, memberName, RENEWALS, readLease, readLeases } from './lease-content.ts';
import { LeaseWatch } from './lease-watch.ts';
import { Stillness } from './stillness.ts';

export type MembersEvents = {
  /** Our lease is not in its place. */
  lost(): void;
  /** Who lives, or what is left to us to settle, has changed. `gained`: more targets may be ours. */
  changed(gained: boolean): void;
  /** A look came to its end, and whoever had to wait for it may claim again. */
  looked(): void;
};

/**
 * The instances that share a handoff directory, as this one sees them (docs/instances.md). Each
 * target belongs to one of them, and two that reckon with each other never both own it; so a
 * newcomer waits until everybody reckons with it.
 */
export class Members {
  readonly #root: string;
  readonly #lease: Lease;
  readonly #ttlMs: number;
  readonly #events: MembersEvents;
  readonly #watch: LeaseWatch;
  readonly #stillness: Stillness;
  #still = false;
  #others: FoundLease[] = [];
  /** All that are not settled yet, by whomever. */
  #estates: Estate[] = [];
  /** How many of them were ours at the latest look. */
  #settling = 0;
  /** The others that our lease names. */
  #announced: string[] = [];
  #joined = false;
  /** The latest look came to its end. */
  #current = false;
  #turnedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(inflightRoot: string, lease: Lease, ttlMs: number, events: MembersEvents) {
    this.#root = inflightRoot;
    this.#lease = lease;
    this.#ttlMs = ttlMs;
    this.#events = events;
    this.#watch = new LeaseWatch(inflightRoot, lease, ttlMs);
    this.#stillness = new Stillness(inflightRoot, lease.isLocal);
  }

  /**
   * Gives signs of life and no more until it starts. While the state is read nobody may come or go: who
   * came to the others' notice, recorded something and went would be read by none of us.
   */
  keepAlive(): void {
    this.#timer = setInterval(() => {
      notForTheDisk(() => {
        if (this.#lease.held) this.#lease.renew([memberName(this.#lease), ...this.#announced]);
      });
    }, this.#ttlMs / RENEWALS);
  }

  /** Looks and gives signs of life from now on. */
  start(): void {
    this.#turnedAt = performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), this.#ttlMs / RENEWALS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The program is awake anyway: what would be due soon is done now. An idle one wakes less often. */
  awake(): void {
    const dueMs = this.#ttlMs / RENEWALS - (performance.now() - this.#turnedAt);
    if (this.#timer && dueMs <= this.#ttlMs / RENEWALS / 2) this.#turn();
  }

  #turn(): void {
    this.start();
    notForTheDisk(() => {
      this.look();
      this.#events.looked();
    });
  }

  get alone(): boolean {
    return this.#others.length === 0 && this.#estates.length === 0;
  }

  /** Nothing in here is anybody else's, and nothing has come or gone since that was looked for. */
  get still(): boolean {
    return this.#still;
  }

  /** One of all members does what only one may do. */
  get leads(): boolean {
    return this.#others.every(({ instance }) => instance > this.#lease.instance);
  }

  /** The others that live. */
  get living(): readonly string[] {
    return this.#others.map(({ instance }) => instance).sort();
  }

  /** Instances that live or that another one settles. */
  get others(): readonly string[] {
    const settled = this.#estates.filter(({ heir }) => heir !== this.#lease.life);
    return unique([...this.#others, ...settled].map(({ instance }) => instance));
  }

  /**
   * Instances in whose directories claims may lie: the dead first, for what is moved meanwhile is moved
   * from a dead one to one that lives, and who looks in this order meets it in one of the two.
   */
  get elsewhere(): readonly string[] {
    const all = unique([...this.#estates, ...this.#others].map(({ instance }) => instance));
    return all.filter((instance) => instance !== this.#lease.instance);
  }

  /**
   * What dead instances have left for us to settle, and we have not settled since the latest look:
   * then the name may belong to somebody who lives. Throws errno errors.
   */
  get estates(): readonly Estate[] {
    return this.#estates.filter(({ heir, path }) => heir === this.#lease.life && exists(path));
  }

  /**
   * Instances whose claims and journals are ours to see to, also where the directory for their claims
   * is gone. Throws errno errors.
   */
  get dead(): readonly string[] {
    const directories = readdirSync(this.#root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const settled = this.estates.map(({ instance }) => instance);
    return unique([...directories, ...settled]).filter((name) => {
      return name !== this.#lease.instance && this.isLeftToUs(name);
    });
  }

  /**
   * Whether nobody else has anything to do with what an instance has left: its estate is ours, or it
   * has neither lease nor estate, and we lead. Throws errno errors.
   */
  isLeftToUs(instance: string): boolean {
    if (this.estates.some((estate) => estate.instance === instance)) return true;
    if (instance === this.#lease.instance) return true;
    return this.leads && this.isGone(instance);
  }

  /** Whether an instance neither lives nor has an estate that somebody settles. Throws errno errors. */
  isGone(instance: string): boolean {
    // Who lives has a lease before anything else. It may just be on its way to an estate, or back.
    const hasLease = () => exists(join(this.#root, `${instance}${LEASE_SUFFIX}`));
    const hasEstate = () => estates(this.#root).some((estate) => estate.instance === instance);
    return !(hasLease() || hasEstate() || hasLease());
  }

  /** Whether what a life has left is ours to see to. */
  isOurs(life: string): boolean {
    if (life === '') return false;
    const estate = this.#estates.find((one) => one.life === life);
    if (estate) return estate.heir === this.#lease.life;
    return this.leads && !this.isAlive(life) && !this.#isAround(life);
  }

  /**
   * Whether a claim would be ours: everybody reckons with us, and nobody can have declared us dead
   * yet. Who was stopped meanwhile finds its lease gone after the claim.
   */
  get mayClaim(): boolean {
    return this.#joined && this.#current && this.#lease.ageMs < this.#ttlMs / 3;
  }

  isAlive(life: string): boolean {
    return life === this.#lease.life || this.#others.some(({ content }) => content?.life === life);
  }

  /** Whether the lease of that life, or where it is unknown of any other than ours, is in its place. */
  isInPlace(instance: string, life: string | null): boolean {
    const found = readLease(this.#root, instance);
    if (life === null) return found !== null && instance !== this.#lease.instance;
    return found?.content?.life === life;
  }

  /** Whether a target is ours: each belongs to the member that weighs most for it. */
  owns(target: string): boolean {
    if (this.#others.length === 0) return true;
    const ours = weight(this.#lease.instance, target);
    return this.#others.every(({ instance }) => weight(instance, target) < ours);
  }

  /** Whether a file of this name is claimed by another. Throws errno errors. */
  isClaimedElsewhere(name: string): boolean {
    return this.elsewhere.some((instance) => exists(join(this.#root, instance, name)));
  }

  /** Looks who lives, buries the dead and renews our lease. Throws errno errors. */
  look(): void {
    this.#current = false;
    if (!this.#lease.held) {
      this.#events.lost();
      return;
    }
    this.#still = this.#stillness.lasts();
    if (this.#still) this.#lease.renew([memberName(this.#lease)]);
    else this.#lookAround();
    this.#current = true;
  }

  #lookAround(): void {
    this.#stillness.begin();
    const [before, wasJoined] = [this.#announced, this.#joined];
    this.#others = this.#watch.living();
    this.#estates = this.#unsettled();
    const now = this.#names();
    this.#lease.renew([memberName(this.#lease), ...now]);
    this.#announced = now;
    // Whoever lives and does not name us has not looked since we came.
    const me = memberName(this.#lease);
    this.#joined ||= this.#others.every(({ content }) => content?.members.includes(me));
    const somebodyLeft = before.some((name) => !now.includes(name));
    const somebodyCame = now.some((name) => !before.includes(name));
    const gained = this.#joined && (somebodyLeft || !wasJoined);
    const inherited = this.estates.length > this.#settling;
    this.#settling = this.estates.length;
    if (gained || somebodyLeft || somebodyCame || inherited) this.#events.changed(gained);
    // A dead one that wakes once more may claim: into its own directory, where there is one.
    if (this.alone && this.dead.length === 0) this.#stillness.end();
  }

  /** Whether a life has a lease or an estate: between them it may be on its way, or back. */
  #isAround(life: string): boolean {
    const hasLease = () => {
      return readLeases(this.#root).some(({ content }) => (content?.life ?? life) === life);
    };
    const hasEstate = () => estates(this.#root).some((estate) => estate.life === life);
    return hasLease() || hasEstate() || hasLease();
  }

  #names(): string[] {
    return this.#others.map(({ instance, content }) => {
      return memberName({ instance, life: content?.life ?? '' });
    });
  }

  /** Estates are ours where we have buried the dead, or where the heir has died too. */
  #unsettled(): Estate[] {
    return estates(this.#root).map((estate) => {
      if (this.isAlive(estate.heir)) return estate;
      return adopt(this.#root, estate, this.#lease.life) ?? estate;
    });
  }
}

/** A disk that refuses is found and said by whoever files an intent; the next turn renews. */
function notForTheDisk(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

/** Hex digits that compare as numbers do. */
function weight(instance: string, target: string): string {
  return hash('sha256', `${instance}\n${target}`);
}
