import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Intake } from '../../src/spool/intake.ts';

const DEBOUNCE_MS = 50;
const FILES = 3000;

/** Both clocks, which move on only when they are told to. The date is rounded down, as it is. */
class Clock {
  readonly #t: TestContext;
  readonly #immediates: (() => void)[] = [];
  #now = 0.9;

  constructor(t: TestContext) {
    this.#t = t;
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.mock.method(globalThis, 'setImmediate', (step: () => void) => this.#immediates.push(step));
    t.mock.method(performance, 'now', () => this.#now);
    t.mock.method(Date, 'now', () => Math.floor(1_700_000_000_000 + this.#now));
  }

  /** In the middle of a step: nobody else has a turn. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** Whatever is due by then has its turn. */
  turn(ms: number): void {
    this.#now += ms;
    this.#t.mock.timers.tick(1);
    for (const step of this.#immediates.splice(0)) step();
  }
}

/** Files that are nowhere but in here; each look at one takes its time. */
class Files {
  readonly #times = new Map<string, number>();
  #latest = 0;

  constructor(t: TestContext, clock: Clock, lookMs: number) {
    const { lstatSync } = fs;
    t.mock.method(fs, 'lstatSync', (path: string) => {
      clock.pass(lookMs);
      return { mtimeMs: this.#times.get(basename(path)), isDirectory: () => false };
    });
    syncBuiltinESMExports();
    t.after(() => {
      fs.lstatSync = lstatSync;
      syncBuiltinESMExports();
    });
  }

  /** Some are dropped faster than one a millisecond, and yet each has a time of its own. */
  drop(name: string): void {
    this.#latest = Math.max(Date.now(), this.#latest + 1);
    this.#times.set(name, this.#latest);
  }
}

for (const lookMs of [0.21, 0.34]) {
  test(`none settles before an older one, where a look takes ${lookMs} ms`, (t) => {
    const clock = new Clock(t);
    const files = new Files(t, clock, lookMs);
    const taken: number[] = [];
    const options = { times: { debounceMs: DEBOUNCE_MS, periodMs: 1000 }, watch: false };
    const intake: Intake = new Intake('/handoff', options, {
      arrived: () => taken.push(...intake.take(FILES).map(({ time }) => time)),
      changed: () => {},
      taken: () => false,
      takenAny: () => false,
      timeOf: () => undefined,
      help: () => null,
      awake: () => {},
      directory: () => {},
      looked: (error) => assert.equal(error, null),
      unwatched: () => {},
    });
    t.after(() => intake.stop());
    for (let n = 0; n < FILES; n++) {
      files.drop(`intent-${n}.json`);
      intake.settle(`intent-${n}.json`, DEBOUNCE_MS);
      if (n % 7 < 4) clock.pass(0.13);
      else clock.turn(((n * 37) % 41) / 10);
    }
    for (let turns = 0; turns < 10_000 && taken.length < FILES; turns++) clock.turn(0.7);
    assert.equal(taken.length, FILES);
    const early = taken.flatMap((time, at) => (time < (taken[at - 1] ?? 0) ? [at] : []));
    assert.deepEqual(early, []);
  });
}
