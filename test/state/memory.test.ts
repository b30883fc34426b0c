import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JournalRecord, OutcomeRecord } from '../../src/state/records.ts';
import { Memory } from '../../src/state/replay.ts';
import { outcome, sha, start } from './support.ts';

const NAMES = ['intent-a.json', 'intent-b.json', 'intent-c.json'];
const INSTANCES = 3;

/** What may happen to a name next; `by` and `heir` are instances. */
const step = fc.record({
  name: fc.constantFrom(...NAMES),
  by: fc.nat(INSTANCES - 1),
  heir: fc.nat(INSTANCES - 1),
  what: fc.constantFrom('success', 'failed', 'skipped', 'given back', 'died', 'gone', 'begun'),
  redirected: fc.boolean(),
  /** Clocks differ, and do not count. */
  clock: fc.nat(50),
});

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Instances that share their memory, and write what they do each into its own journal. */
class Shared {
  readonly memory = new Memory();
  readonly journals: JournalRecord[][] = Array.from({ length: INSTANCES }, () => []);
  #seqs = 0;

  /** One intent of a name: begun by one instance, and ended by it or by the heir of that. */
  run({ name, by, heir, what, redirected, clock }: Step): void {
    const died = this.memory.unfinished.get(name)?.start?.deaths ?? 0;
    if (what === 'skipped' && died === 0) {
      this.#conclude(by, by, what, name, redirected, clock);
      return;
    }
    this.#write(by, start(name, { run: 'life-1', deaths: died, at: this.#at(name, clock) }));
    if (what === 'begun') return;
    if (what === 'given back') {
      this.#write(
        by,
        start(name, { attempt: died, run: '', deaths: died, at: this.#at(name, clock) }),
      );
    } else if (what === 'gone') {
      this.#write(heir, start(name, { attempt: 0, run: '', deaths: 0, at: this.#at(name, clock) }));
    } else if (what === 'died') {
      this.#write(heir, start(name, { run: '', deaths: died + 1, at: this.#at(name, clock) }));
    } else {
      const kind = what === 'skipped' ? 'success' : what;
      this.#conclude(by, heir, kind, name, redirected, clock);
    }
  }

  #conclude(
    by: number,
    heir: number,
    kind: OutcomeRecord['outcome'],
    name: string,
    redirected: boolean,
    clock: number,
  ): void {
    const seq = `life${by}-${++this.#seqs}`;
    const at = this.#at(name, clock);
    this.#write(by, outcome(name, { seq, outcome: kind, sha: sha(seq), at }));
    if (redirected) this.#write(heir, { t: 'redirected', seq, to: 'processed/elsewhere.json' });
    this.#write(heir, { t: 'filed', seqs: [seq] });
  }

  #at(name: string, clock: number): number {
    return Math.max(clock, this.memory.latest(name) + 1);
  }

  #write(by: number, record: JournalRecord): void {
    this.memory.apply(structuredClone(record));
    this.journals[by]?.push(record);
  }
}

const seen = ({ history, unfinished }: Memory) => ({
  history: NAMES.map((name) => history.get(name)),
  unfinished: NAMES.map((name) => unfinished.get(name)),
});

/** Reads journals side by side: `turns` says whose next record comes next. */
function readIn(turns: readonly number[], journals: readonly JournalRecord[][]): Memory {
  const memory = new Memory();
  const rest = journals.map((journal) => journal.map((record) => structuredClone(record)));
  for (const turn of turns) {
    const record = rest[turn % INSTANCES]?.shift();
    if (record) memory.apply(record);
  }
  for (const record of rest.flat()) memory.apply(record);
  return memory;
}

test('the journals of several may be read in any order, the memory is the same', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.array(fc.nat(INSTANCES - 1), { maxLength: 80 }),
      (steps, turns) => {
        const shared = new Shared();
        for (const one of steps) shared.run(one);
        assert.deepEqual(seen(readIn(turns, shared.journals)), seen(shared.memory));
      },
    ),
    { numRuns: 1000 },
  );
});

test('what was pruned stays forgotten, also where it is read after that', () => {
  const old = outcome('intent-a.json', { seq: 's1', at: 10 });
  const young = outcome('intent-b.json', { seq: 's2', at: 30 });
  const memory = new Memory();
  for (const record of [
    { t: 'pruned', before: 20 } as const,
    { t: 'pruned', before: 5 } as const,
    old,
    young,
  ]) {
    memory.apply(record);
  }
  assert.deepEqual(
    [...memory.history.entries()].map(([name]) => name),
    ['intent-b.json'],
  );
  // It is finished all the same: its file may not be in its place.
  assert.equal(memory.unfinished.get('intent-a.json')?.outcome?.seq, 's1');
});
