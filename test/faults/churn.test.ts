import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Fleet, type Member, places } from './fleet.ts';
import { chosenSeed, Random } from './random.ts';
import { scaled } from './scale.ts';
import { Traffic } from './traffic.ts';

const seed = chosenSeed();
const cache = mkdtempSync(join(tmpdir(), 'conductor-faults-'));
after(() => rmSync(cache, { recursive: true, force: true }));

const CHURN_MS = scaled(45_000, 600_000);
const INSTANCES = 4;
const LEASE_TTL_MS = 2000;

/** No more waits than is worked off soon. */
const BACKLOG = 40;

/** Nothing that is waited for takes longer. */
const LIMIT_MS = 120_000;

/** Random members of a fleet come, go, die and fall asleep while intents flow. */
class Churn {
  readonly fleet: Fleet;
  readonly #random: Random;
  readonly #traffic: Traffic;
  readonly #asleep = new Map<Member, number>();
  readonly #stopping = new Set<Member>();
  readonly counts = { joins: 0, kills: 0, stops: 0, sleeps: 0, lost: 0 };
  #starts = 0;

  constructor(fleet: Fleet, random: Random) {
    this.fleet = fleet;
    this.#random = random;
    this.#traffic = new Traffic(random, { porch: 'stand-in', slowest: 0.3, names: 120 });
  }

  async run(): Promise<void> {
    this.#join();
    await this.fleet.spool.until(
      () => this.fleet.members.every((one) => this.#isUp(one)),
      'one up',
    );
    for (const end = performance.now() + CHURN_MS; performance.now() < end; ) {
      this.#act();
      for (let count = this.#random.whole(0, 6); count > 0; count--) {
        if (this.fleet.invariants.waiting < BACKLOG) this.#drop();
      }
      this.#wake(performance.now());
      await delay(this.#random.between(50, 400));
      this.fleet.look();
    }
    this.#wake(Number.POSITIVE_INFINITY);
  }

  /** One instance works off what is left, whoever else is there. */
  async end(): Promise<void> {
    if (this.#awake.length === 0) this.#join();
    await this.fleet.settled(LIMIT_MS);
    for (const member of this.fleet.members.filter(({ program }) => program.alive)) {
      if (this.#stopping.has(member)) await member.program.exitCode();
      else await this.fleet.spool.until(() => this.#isUp(member), 'all up');
    }
    await this.fleet.end();
  }

  get #awake(): Member[] {
    const { members } = this.fleet;
    return members.filter((one) => {
      return one.program.alive && !this.#asleep.has(one) && !this.#stopping.has(one);
    });
  }

  #act(): void {
    this.counts.lost += this.fleet.noticeLosses();
    const awake = this.#awake;
    const alive = this.fleet.members.filter(({ program }) => program.alive).length;
    const mayJoin = alive < INSTANCES && this.#random.chance(0.2);
    if (awake.length === 0 || mayJoin) {
      this.#join();
      return;
    }
    const [first, ...others] = awake.filter((member) => this.#isUp(member));
    if (!first || !this.#random.chance(0.15)) return;
    const member = this.#random.pick([first, ...others]);
    this.#random.pick([this.#kill, this.#kill, this.#stop, this.#sleep]).call(this, member);
  }

  #join(): void {
    const used = this.fleet.members.filter(({ program }) => program.alive).map(({ name }) => name);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].filter((name) => !used.includes(name));
    this.fleet.start(this.#random.shuffled(names)[0] ?? 'g', ++this.#starts);
    this.counts.joins++;
  }

  #kill(member: Member): void {
    void this.fleet.kill(member);
    this.counts.kills++;
  }

  #stop(member: Member): void {
    member.program.signal('SIGTERM');
    this.#stopping.add(member);
    this.counts.stops++;
  }

  #sleep(member: Member): void {
    this.fleet.suspend(member);
    this.#asleep.set(member, performance.now() + this.#random.between(0, 2.5 * LEASE_TTL_MS));
    this.counts.sleeps++;
  }

  #wake(now: number): void {
    for (const [member, due] of this.#asleep) {
      if (due > now) continue;
      member.program.signal('SIGCONT');
      this.#asleep.delete(member);
    }
  }

  #isUp(member: Member): boolean {
    return !member.program.alive || member.program.logged(/^watching /).length > 0;
  }

  #drop(): void {
    const made = this.#traffic.next();
    // One that waits for another of its name, which is in flight, does not keep its target's turn.
    if (this.fleet.spool.claimed.includes(made.name)) return;
    if (this.fleet.ledger.drop(made)) this.#traffic.dropped(made);
  }
}

test('members come, go, die and sleep while intents flow', { concurrency: true }, async (t) => {
  t.diagnostic(`FAULTS_SEED=${seed} makes the same choices again`);
  const cases = Object.entries(places).map(([where, place], number) => {
    return t.test(where, async (t) => {
      const flags = ['-lease-ttl', `${LEASE_TTL_MS}ms`, '-max-workers', '2'];
      await using fleet = new Fleet(place, ...flags);
      const churn = new Churn(fleet, new Random(seed).branch(number));
      await churn.run();
      await churn.end();
      const counts = Object.entries(churn.counts).map(([what, count]) => `${count} ${what}`);
      t.diagnostic(`${fleet.ledger.size} drops; ${counts.join(', ')}`);
    });
  });
  await Promise.all(cases);
});
