import assert, { AssertionError } from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { Invariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { assertRuns } from './runs.ts';

/** Where the instances believe that they are. */
export type Places = {
  /** Each on a system of its own: nobody's death is known before its lease is out. */
  apart: boolean;
  /** How far the clocks of two neighbours are from each other. */
  clocksApartMs: number;
};

export const places: Readonly<Record<string, Places>> = {
  'on one system': { apart: false, clocksApartMs: 0 },
  'on systems whose clocks are a minute apart': { apart: true, clocksApartMs: 60_000 },
};

/** One instance, as it is seen from outside. */
export type Member = {
  name: string;
  program: Program;
  /** The run of the program; empty until its lease was seen. */
  life: string;
  /** It died in the midst of its work, or was stopped in it: what it was running may run again. */
  excused: boolean;
  /** It was stopped: when it wakes it may begin what it was about to begin. */
  wasStopped: boolean;
};

const lease = z.object({ pid: z.number(), life: z.string() });

const lostItsLease = (program: Program): boolean =>
  program.logged(/^the lease on .* was taken over/).length > 0;

const FLAGS = ['-settle-timeout', '300ms', '-period', '300ms', '-crash-limit', '1000'];

/** Several instances on one spool, and what is dropped for them. */
export class Fleet {
  readonly spool = new Spool();
  readonly invariants = new Invariants(this.spool);
  readonly ledger = new Ledger(this.spool, this.invariants);
  readonly members: Member[] = [];
  /** What those that are started from now on find in their environment besides. */
  env: NodeJS.ProcessEnv = {};
  readonly #places: Places;
  readonly #flags: readonly string[];

  constructor(where: Places, ...flags: string[]) {
    this.#places = where;
    this.#flags = flags;
  }

  /** Starts an instance; `system` numbers the system that it believes to be on. */
  start(name: string, system: number, ...flags: string[]): Member {
    const { apart, clocksApartMs } = this.#places;
    const env = { ...this.ledger.startOptions.env, ...this.env };
    // One is behind, one right, one ahead, and so on.
    const ahead = clocksApartMs * ((system % 3) - 1);
    const program = this.spool.start(['-instance', name, ...FLAGS, ...this.#flags, ...flags], {
      preload: fileURLToPath(new URL('../tools/elsewhere.ts', import.meta.url)),
      env: { ...env, CLOCK_AHEAD_MS: String(ahead), ...(apart && { OTHER_HOST: `${system}` }) },
    });
    const member = { name, program, life: '', excused: false, wasStopped: false };
    this.members.push(member);
    return member;
  }

  /** Starts an instance and waits until it and all others that live reckon with each other. */
  async join(name: string, system: number, ...flags: string[]): Promise<Member> {
    const member = this.start(name, system, ...flags);
    const { program } = member;
    await this.spool.until(() => program.logged(/^watching /).length > 0, `${name} watching`);
    await this.spool.until(() => this.#areMutual(), `all reckoning with ${name}`);
    this.look();
    return member;
  }

  kill(member: Member): Promise<number> {
    this.look();
    member.excused = true;
    return member.program.stop('SIGKILL');
  }

  /** Stops it (SIGSTOP) until it is woken. */
  suspend(member: Member): void {
    this.look();
    member.excused = true;
    member.wasStopped = true;
    member.program.signal('SIGSTOP');
  }

  /** Remembers the life of each instance that has a lease now. */
  look(): void {
    const root = join(this.spool.handoff, '.inflight');
    const names = this.spool.list('.inflight');
    const found = names.filter((name) => /\.lease$|\.dead\./.test(name));
    const lives = new Map(found.flatMap((name) => this.#lifeIn(join(root, name))));
    for (const member of this.members) member.life ||= lives.get(member.program.pid) ?? '';
  }

  /** Everything that was dropped is filed, and nothing was lost, repeated or out of order. */
  async check(): Promise<void> {
    const clocksApart = this.#places.clocksApartMs > 0;
    const checks = [
      () => this.invariants.check(),
      () => this.ledger.check({ clocksApart }),
      () => assertRuns(this.spool.porchLog, this.ledger.entries, this.members),
    ];
    const wrong: string[] = [];
    for (const check of checks) {
      try {
        await check();
      } catch (error) {
        if (!(error instanceof AssertionError)) throw error;
        wrong.push(error.message);
      }
    }
    assert.equal(wrong.length, 0, wrong.join('\n'));
  }

  /** Waits until everything is filed. */
  settled(limitMs?: number): Promise<unknown> {
    return this.spool.until(() => this.invariants.settled, 'everything being filed', limitMs);
  }

  /** Stops all that live, one after the other, and checks what they leave. */
  async end(): Promise<void> {
    for (const { name, program } of this.members) {
      if (!program.alive) continue;
      const code = await program.stop();
      if (code !== 0 && !lostItsLease(program))
        throw new Error(`${name} ended with ${code}\n${program.stderr}`);
    }
    this.noticeLosses();
    await this.check();
  }

  /** On a slow machine one may lose its lease without having been stopped: gives how many more have. */
  noticeLosses(): number {
    const more = this.members.filter((one) => !one.excused && lostItsLease(one.program));
    for (const member of this.members.filter(({ program }) => lostItsLease(program))) {
      member.excused = true;
      member.wasStopped = true;
    }
    return more.length;
  }

  #areMutual(): boolean {
    const alive = this.members.filter(({ program, wasStopped }) => program.alive && !wasStopped);
    return alive.every(({ name, program }) => {
      const lines = program.logged(/^(sharing .* with |alone on )/);
      const others = lines.at(-1)?.message.split(' with ')[1]?.split(', ') ?? [];
      return alive.every((other) => other.name === name || others.includes(other.name));
    });
  }

  #lifeIn(path: string): [number, string][] {
    try {
      const { pid, life } = lease.parse(JSON.parse(readFileSync(path, 'utf8')));
      return [[pid, life]];
    } catch {
      // It is being written, or has just been renamed: the next look finds it.
      return [];
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.spool[Symbol.asyncDispose]();
  }
}

/** A target in the namespace of the samples that belongs to one of these instances (docs/instances.md). */
export function targetOf(owner: string, names: readonly string[], stem = 'target'): string {
  const weight = (name: string, target: string) => hash('sha256', `${name}\ndefault/${target}`);
  for (let number = 1; ; number++) {
    const target = `${stem}-${number}`;
    const [first] = names.toSorted((a, b) => (weight(a, target) < weight(b, target) ? 1 : -1));
    if (first === owner) return target;
  }
}
