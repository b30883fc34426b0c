import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { Invariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import { Traffic, type TrafficOptions } from './traffic.ts';

export type OrdealOptions = TrafficOptions & {
  flags: readonly string[];
  /** Where Node keeps what it compiles of the program: the next start is twice as quick. */
  cache: string;
};

/** No more waits than is worked off in a few lives. */
const BACKLOG = 15;

/** Share of the kills that come at some moment before the program watches. */
const EARLY = 0.6;

/** Of the others this share comes some time after that, and the rest when this much was filed. */
const LATE = 0.3;
const FILED = 6;

/** Nothing that is waited for takes longer. */
const LIMIT_MS = 120_000;

const FLAGS = ['-settle-timeout', '300ms', '-period', '200ms', '-max-workers', '2'];

/** What the program was doing when it was killed, as far as it can be seen from outside. */
type Phase = 'starting' | 'recovering' | 'working' | 'waiting';

/** One spool, and the programs that are killed over it. */
export class Ordeal {
  readonly spool = new Spool();
  /** What it was doing when it was killed, once for each kill. */
  readonly phases: Phase[] = [];
  readonly #invariants = new Invariants(this.spool);
  readonly #ledger = new Ledger(this.spool, this.#invariants);
  readonly #traffic: Traffic;
  readonly #random: Random;
  readonly #flags: readonly string[];
  readonly #cache: string;
  #startMs = 0;

  constructor({ flags, cache, ...options }: OrdealOptions, random: Random) {
    this.#random = random;
    this.#cache = cache;
    this.#traffic = new Traffic(random, options);
    // A drop during which it died is not to be failed for that here.
    this.#flags = [...FLAGS, '-crash-limit', '1000', ...flags];
  }

  get drops(): number {
    return this.#ledger.size;
  }

  get lastByTarget() {
    return this.#ledger.lastByTarget;
  }

  /** A life that ends well: Node writes its cache only then. */
  async warmUp(): Promise<void> {
    assert.equal(await this.#start(['--once']).exitCode(), 0);
  }

  /** One life of the program, from its start to its death or, now and then, a clean stop. */
  async live(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const begun = performance.now();
    const program = this.#start();
    if (this.#startMs > 0 && this.#random.chance(EARLY)) {
      const lifeMs = this.#random.between(0, this.#startMs);
      await this.#feed(() => performance.now() - begun >= lifeMs);
    } else {
      await this.#feed(() => !program.alive || watches(program));
      this.#startMs = performance.now() - begun;
      await this.#work();
    }
    const code = await program.stop(signal);
    // Before it listens to signals, SIGTERM ends it like any other program.
    const expected = signal === 'SIGKILL' ? [137] : [0, 143];
    assert.ok(expected.includes(code), `${signal} gives ${code}\n${program.stderr}`);
    this.phases.push(this.#phaseOf(program));
    await this.#invariants.collect();
  }

  /** The last life: everything is worked off, and everything is as it must be. */
  async end(): Promise<void> {
    const program = this.#start();
    await this.spool.until(
      () => (watches(program) && this.#waiting === 0) || null,
      'everything being filed',
    );
    await this.#invariants.collect();
    assert.equal(await program.stop(), 0, program.stderr);
    await this.#invariants.check();
    await this.#ledger.check();
  }

  #start(more: readonly string[] = []): Program {
    const kept = this.#ledger.startOptions;
    const both = { ...kept, env: { ...kept.env, NODE_COMPILE_CACHE: this.#cache } };
    return this.spool.start([...this.#flags, ...more], both);
  }

  /** Lets it work for a while, or until it has filed something, and a moment longer. */
  async #work(): Promise<void> {
    const late = this.#random.chance(LATE);
    const enough = this.#filed + this.#random.whole(1, FILED);
    const end = performance.now() + this.#random.between(0, this.#startMs);
    await this.#feed(() => (late ? performance.now() >= end : this.#filed >= enough));
    await delay(this.#random.between(0, 10));
  }

  /** Drops files, now and then, until there is an end to it. */
  async #feed(ended: () => boolean): Promise<void> {
    const limit = performance.now() + LIMIT_MS;
    while (!ended()) {
      if (performance.now() > limit)
        throw new Error(`nothing happens any more in ${this.spool.dir}`);
      if (this.#waiting < BACKLOG) {
        const made = this.#traffic.next();
        if (this.#ledger.drop(made)) this.#traffic.dropped(made);
      }
      await delay(this.#random.between(1, 30));
    }
  }

  get #waiting(): number {
    const dropped = this.spool.list().filter((name) => name.startsWith('intent-'));
    return dropped.length + this.#claimed;
  }

  get #filed(): number {
    return this.spool.list('processed').length + this.spool.list('failed').length;
  }

  get #claimed(): number {
    return this.spool.list('.inflight').length > 0 ? this.spool.claimed.length : 0;
  }

  #phaseOf(program: Program): Phase {
    if (watches(program)) return this.#claimed > 0 ? 'working' : 'waiting';
    const leases = this.spool.list('.inflight').filter((name) => name.endsWith('.lease'));
    const its = leases.some((name) => {
      return this.spool.read('.inflight', name).includes(`"pid":${program.pid},`);
    });
    return its ? 'recovering' : 'starting';
  }
}

function watches(program: Program): boolean {
  return program.stderr.includes('"message":"watching ');
}
