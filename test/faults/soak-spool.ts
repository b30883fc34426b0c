import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { Invariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import { quantile, type Sample, sampleOf } from './soak-measure.ts';
import { type Made, Traffic } from './traffic.ts';

export type SoakedOptions = {
  name: string;
  porch: 'stand-in' | 'builtin';
  /** Whether the program is killed and stopped. Where not, one life lasts from begin to end. */
  mortal: boolean;
  /** Files a second. */
  rate: number;
  /** How many names there are; undefined: more and more. */
  names?: number;
};

/** When so many are under way, no more are dropped: the machine cannot keep up. */
const MOST_OPEN = 300;

/** Longer than this no drop may wait, whatever is done to the program. */
const HUNG_MS = 180_000;

const FLAGS = ['-period', '500ms', '-max-file-size', '64KB', '-crash-limit', '1000'];

/** One spool that is soaked: what drops into it, the program that works on it, what is measured. */
export class SoakedSpool {
  readonly options: SoakedOptions;
  readonly spool = new Spool({ unprivileged: true });
  readonly invariants = new Invariants(this.spool);
  readonly ledger = new Ledger(this.spool, this.invariants);
  readonly traffic: Traffic;
  readonly porch = this.spool.path('porch');
  /** What is being done to it. */
  fault = '';
  lives = 0;
  /** One a second of the life that lasts. */
  readonly samples: Sample[] = [];
  /** Milliseconds from each drop to its place. */
  readonly latencies: number[] = [];
  /** Names of what is no regular file, which are in handoff or in failed/. */
  readonly #special = new Set<string>();
  /** What was dropped and is not in its place, and since when. */
  readonly #open = new Map<string, number>();
  #program: Program | null = null;
  #ended: Program | null = null;
  #due = 0;
  #tickedMs = performance.now();
  #shown = { atMs: performance.now(), drops: 0, latencies: 0 };

  constructor(options: SoakedOptions, random: Random) {
    this.options = options;
    const { porch, names } = options;
    this.traffic = new Traffic(random, { porch, slowest: 0.1, ...(names ? { names } : {}) });
    this.spool.install(this.porch);
  }

  get program(): Program {
    if (this.#program === null) throw new Error(`${this.options.name} was not started`);
    return this.#program;
  }

  async start(): Promise<void> {
    const porch = this.options.porch === 'builtin' ? 'builtin' : this.porch;
    const flags = [...FLAGS, '-porch', porch];
    this.#program = await this.spool.watch(flags, this.ledger.startOptions);
    this.lives++;
  }

  /** Ends the program, and remembers what is on record. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { program } = this;
    this.#program = null;
    this.#ended = program;
    await this.invariants.collect();
    const code = await program.stop(signal);
    await this.invariants.collect();
    const expected = signal === 'SIGKILL' ? 137 : 0;
    if (code === expected) return;
    throw new Error(
      `${this.options.name} ended with ${code} after ${signal}\n${program.stderr.slice(-3000)}`,
    );
  }

  /** A file that is no regular one was brought into handoff: it is to be refused, unread. */
  noteSpecial(name: string): void {
    this.ledger.note({ name, content: name, code: 'E014' });
    this.#special.add(name);
  }

  /** Drops what is due and looks what was filed. Throws where the program is dead or hangs. */
  tick(): void {
    const now = performance.now();
    this.#observe(now);
    this.#due = Math.min(
      this.options.rate,
      this.#due + ((now - this.#tickedMs) / 1000) * this.options.rate,
    );
    this.#tickedMs = now;
    for (; this.#due >= 1 && this.#open.size < MOST_OPEN; this.#due--)
      this.#drop(this.traffic.next());
    if (this.#program?.alive === false) {
      const said = this.#program.stderr.slice(-3000);
      throw new Error(`${this.options.name}: the program has ended by itself\n${said}`);
    }
    const [name, sinceMs] = this.#oldest ?? ['', now];
    if (now - sinceMs > HUNG_MS) throw new Error(`${this.options.name}: ${name} is not filed`);
  }

  takeSample(): void {
    const sample = this.#program ? sampleOf(this.#program.pid) : null;
    if (sample) this.samples.push(sample);
  }

  /** Nothing waits and nothing is claimed. */
  get settled(): boolean {
    return this.#waiting().size === 0;
  }

  /** What there is to say about the time since the last line. */
  line(): string {
    const now = performance.now();
    const sample = this.#program && sampleOf(this.#program.pid);
    const seconds = (now - this.#shown.atMs) / 1000;
    const latencies = this.latencies.slice(this.#shown.latencies);
    const lagMs = now - (this.#oldest?.[1] ?? now);
    const shown = [
      this.options.name.padEnd(9),
      `rss ${sample ? Math.round(sample.rssKb / 1024) : '-'} MB`,
      `files ${sample?.files ?? '-'}`,
      `threads ${sample?.threads ?? '-'}`,
      `lag ${(lagMs / 1000).toFixed(1)} s`,
      `p50 ${quantile(latencies, 0.5).toFixed(0)} ms`,
      `p99 ${quantile(latencies, 0.99).toFixed(0)} ms`,
      `in ${((this.ledger.size - this.#shown.drops) / seconds).toFixed(1)}/s`,
      `out ${(latencies.length / seconds).toFixed(1)}/s`,
      `history ${this.spool.list('status').length}`,
      `state ${Math.round(this.#stateBytes() / 1024)} kB`,
      `life ${this.lives}`,
    ];
    this.#shown = { atMs: now, drops: this.ledger.size, latencies: this.latencies.length };
    return shown.join('  ') + (this.fault === '' ? '' : `  (${this.fault})`);
  }

  /** Throws where anything is not as it must be. The program has stopped, and everything rests. */
  async check(): Promise<void> {
    for (const name of this.#special) this.#checkSpecial(name);
    await this.invariants.check();
    await this.ledger.check();
  }

  /** What the last life's log says of the files that a message names. */
  linesOf(message: string): string[] {
    const names = new Set(message.match(/intent-[\w-]+\.json/g));
    const lines = (this.#program ?? this.#ended)?.stderr.split('\n') ?? [];
    return lines.filter((line) => [...names].some((name) => line.includes(`"${name}"`)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.spool[Symbol.asyncDispose]();
  }

  #drop(made: Made): void {
    if (this.#open.has(made.name) || !this.ledger.drop(made)) return;
    this.traffic.dropped(made);
    this.#open.set(made.name, performance.now());
  }

  #observe(now: number): void {
    if (this.#open.size === 0) return;
    const waiting = this.#waiting();
    for (const [name, sinceMs] of this.#open) {
      if (waiting.has(name)) continue;
      this.#open.delete(name);
      this.latencies.push(now - sinceMs);
    }
  }

  get #oldest(): [string, number] | undefined {
    return this.#open.entries().next().value;
  }

  /** What is in handoff or claimed. One that is given back in between is found by the second look. */
  #waiting(): ReadonlySet<string> {
    const first = this.spool.list();
    const all = [...first, ...this.spool.claimed, ...this.spool.list()];
    return new Set(all.filter((name) => name.startsWith('intent-')));
  }

  #stateBytes(): number {
    const { handoff } = this.spool;
    const names = readdirSync(handoff).filter((name) => name.startsWith('.conductor-state'));
    return names.reduce((sum, name) => {
      return sum + (lstatSync(join(handoff, name), { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
  }

  /** It lies in failed/ as what it is; then a file takes its place that can be read and compared. */
  #checkSpecial(name: string): void {
    const path = join(this.spool.handoff, 'failed', name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found || found.isFile()) throw new Error(`${path} is not what was dropped`);
    rmSync(path);
    writeFileSync(path, name);
  }
}
