import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { comesBefore, type Order, type Schedulable, Scheduler } from '../../src/queue/scheduler.ts';

let count = 0;

function job(target: string, time: number, changes: Partial<Schedulable> = {}): Schedulable {
  const name = changes.name ?? `intent-${++count}.json`;
  return { id: name, name, target, time, priority: 5, ...changes };
}

function withJobs(...jobs: Schedulable[]): Scheduler<Schedulable> {
  const scheduler = new Scheduler<Schedulable>();
  for (const one of jobs) scheduler.add(one);
  return scheduler;
}

/** Takes and finishes jobs until none is left. */
function drain(scheduler: Scheduler<Schedulable>): Schedulable[] {
  const jobs: Schedulable[] = [];
  for (let next = scheduler.next(); next; next = scheduler.next()) {
    jobs.push(next);
    scheduler.finished(next);
  }
  return jobs;
}

/** The rules of the scheduler said as plainly as possible. */
class Model {
  waiting: Schedulable[] = [];
  running: Schedulable[] = [];
  blocked = new Set<string>();
  picks = 0;

  #heads(): Schedulable[] {
    const heads = new Map<string, Schedulable>();
    for (const one of this.waiting.toSorted((a, b) => (comesBefore(a, b) ? -1 : 1))) {
      if (!heads.has(one.target)) heads.set(one.target, one);
    }
    return [...heads.values()];
  }

  #urgency(target: string): number {
    const ofTarget = this.waiting.filter((one) => one.target === target);
    return Math.max(...ofTarget.map(({ priority }) => priority));
  }

  next(before?: Order): Schedulable | undefined {
    const eligible = this.#heads()
      .filter((head) => !this.running.some(({ target }) => target === head.target))
      .filter((head) => !this.running.some(({ name }) => name === head.name))
      .filter(({ target }) => !this.blocked.has(target))
      .filter((head) => before === undefined || comesBefore(head, before));
    if (eligible.length === 0) return undefined;
    const highest = Math.max(...eligible.map(({ target }) => this.#urgency(target)));
    const everyEighth = this.picks++ % 8 === 7;
    const [chosen] = eligible.filter(
      ({ target }) => everyEighth || this.#urgency(target) === highest,
    );
    if (!chosen) return undefined;
    this.waiting.splice(this.waiting.indexOf(chosen), 1);
    this.running.push(chosen);
    return chosen;
  }
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const time = fc.integer({ min: 0, max: 6 });
const target = fc.constantFrom('t1', 't2', 't3');
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      name,
      time,
      target,
      priority: fc.integer({ min: 0, max: 10 }),
      claimed: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('next' as const),
      before: fc.option(fc.record({ time, name }), { nil: undefined, freq: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('finished' as const), index: fc.nat(3) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('removeNewest' as const), count: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('block' as const), targets: fc.uniqueArray(target) }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

function apply(step: Command, scheduler: Scheduler<Schedulable>, model: Model): void {
  if (step.do === 'add') {
    // A second drop of a name replaces the first in the directory, unless that one is claimed.
    const { do: _, claimed, ...rest } = step;
    const added = { id: claimed ? `.inflight/${step.name}` : step.name, ...rest };
    const others = model.waiting.filter(({ id }) => id !== added.id);
    if (others.some((one) => one.name === step.name && one.time === step.time)) return;
    scheduler.add(added);
    model.waiting = [...others, added];
  } else if (step.do === 'next') {
    assert.equal(scheduler.next(step.before), model.next(step.before));
  } else if (step.do === 'finished') {
    const [ended] = model.running.splice(step.index, 1);
    if (ended) scheduler.finished(ended);
  } else if (step.do === 'remove') {
    const index = model.waiting.findIndex((one) => one.id === step.name);
    const [removed] = index < 0 ? [] : model.waiting.splice(index, 1);
    assert.equal(scheduler.remove(step.name), removed);
  } else if (step.do === 'block') {
    model.blocked = new Set(step.targets);
    scheduler.block(model.blocked);
  } else {
    const newest = model.waiting.toSorted((a, b) => (comesBefore(a, b) ? 1 : -1));
    const expected = newest.slice(0, step.count);
    assert.deepEqual(scheduler.removeNewest(step.count), expected);
    model.waiting = model.waiting.filter((one) => !expected.includes(one));
  }
}

test('any sequence of steps picks what the plain rules pick', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (steps) => {
      const scheduler = new Scheduler<Schedulable>();
      const model = new Model();
      for (const step of steps) {
        apply(step, scheduler, model);
        assert.equal(scheduler.size, model.waiting.length);
        for (const one of model.waiting) {
          assert.ok(scheduler.has(one.id));
          assert.ok(scheduler.newest && !comesBefore(scheduler.newest, one));
        }
      }
      // And in the end nothing is left behind.
      for (const one of model.running.splice(0)) scheduler.finished(one);
      scheduler.block(new Set());
      const left = model.waiting.length;
      assert.equal(drain(scheduler).length, left);
    }),
    { numRuns: 1000 },
  );
});

test('jobs of one target come one at a time, by time and then by name', () => {
  const late = job('a', 3);
  const early = job('a', 1);
  const second = job('a', 2, { name: 'intent-b.json' });
  const first = job('a', 2, { name: 'intent-a.json' });
  const scheduler = withJobs(late, second, early, first);
  assert.equal(scheduler.next(), early);
  assert.equal(scheduler.next(), undefined);
  scheduler.finished(early);
  assert.deepEqual(drain(scheduler), [first, second, late]);
});

test('a priority chooses between targets, and lends its urgency to those before it', () => {
  const normal = job('normal', 1);
  const before = job('urgent', 2, { priority: 0 });
  const urgent = job('urgent', 3, { priority: 10 });
  assert.deepEqual(drain(withJobs(normal, before, urgent)), [before, urgent, normal]);
});

test('where only urgent ones are asked for, no other is given, however old', () => {
  const scheduler = withJobs(
    job('old', 1, { priority: 5 }),
    ...Array.from({ length: 9 }, (_, index) => job(`urgent-${index}`, 2 + index, { priority: 6 })),
  );
  for (let index = 0; index < 9; index++) {
    assert.equal(scheduler.next(undefined, 6)?.target, `urgent-${index}`);
  }
  assert.equal(scheduler.next(undefined, 6), undefined);
  assert.equal(scheduler.next()?.target, 'old');
});

test('a target that is blocked waits until it is not, and the others go on', () => {
  const [first, second] = [job('a', 1), job('a', 2)];
  const other = job('b', 3);
  const scheduler = withJobs(first, other);
  scheduler.block(new Set(['a', 'not known yet']));
  scheduler.add(second);
  const later = job('not known yet', 4);
  scheduler.add(later);
  assert.equal(scheduler.next(), other);
  assert.equal(scheduler.next(), undefined);
  scheduler.block(new Set(['not known yet']));
  assert.equal(scheduler.next(), first);
  // What runs goes on; what is behind it waits.
  scheduler.block(new Set(['a']));
  assert.equal(scheduler.next(), later);
  scheduler.finished(first);
  assert.equal(scheduler.next(), undefined);
  scheduler.block(new Set());
  assert.equal(scheduler.next(), second);
});

test('two of one name never run at a time, whatever their targets', () => {
  const first = job('a', 1, { name: 'intent-x.json' });
  const scheduler = withJobs(first);
  assert.equal(scheduler.next(), first);
  const again = job('b', 2, { name: 'intent-x.json' });
  const behind = job('b', 3);
  const other = job('c', 4);
  for (const one of [again, behind, other]) scheduler.add(one);
  assert.equal(scheduler.next(), other);
  assert.equal(scheduler.next(), undefined);
  scheduler.finished(first);
  assert.equal(scheduler.next(), again);
});

test('all targets that wait for one name have their turn when it ends', () => {
  const claimed = job('a', 1, { name: 'intent-x.json' });
  const scheduler = withJobs(claimed);
  assert.equal(scheduler.next(), claimed);
  const dropped = job('b', 3, { name: 'intent-x.json' });
  scheduler.add(dropped);
  assert.equal(scheduler.next(), undefined);
  // What was claimed turns out to be another target's.
  const reread = { ...job('c', 2, { name: 'intent-x.json' }), id: '.inflight/intent-x.json' };
  scheduler.add(reread);
  assert.equal(scheduler.next(), undefined);
  scheduler.finished(claimed);
  assert.deepEqual(drain(scheduler), [reread, dropped]);
});

test('a name that is occupied waits until it is vacated', () => {
  const first = job('a', 1, { name: 'intent-x.json' });
  const scheduler = withJobs(first);
  assert.ok(scheduler.occupy('intent-x.json'));
  assert.ok(!scheduler.occupy('intent-x.json'));
  assert.equal(scheduler.next(), undefined);
  scheduler.vacate('intent-x.json');
  assert.equal(scheduler.next(), first);
});

test('a target whose waiting job was taken back is still one at a time afterwards', () => {
  const running = job('a', 1, { name: 'intent-x.json' });
  const scheduler = withJobs(running);
  scheduler.next();
  scheduler.add(job('b', 2, { name: 'intent-x.json' }));
  assert.equal(scheduler.next(), undefined);
  scheduler.remove('intent-x.json');
  const [first, second] = [job('b', 3), job('b', 4)];
  scheduler.add(first);
  scheduler.finished(running);
  assert.equal(scheduler.next(), first);
  scheduler.add(second);
  assert.equal(scheduler.next(), undefined);
  scheduler.finished(first);
  assert.equal(scheduler.next(), second);
});

test('nothing is chosen that was not dropped before the first unread file', () => {
  const scheduler = withJobs(job('a', 5, { priority: 10 }), job('b', 3, { priority: 0 }));
  assert.equal(scheduler.next({ time: 3, name: 'intent-0.json' }), undefined);
  assert.equal(scheduler.next({ time: 4, name: 'intent-0.json' })?.target, 'b');
  assert.equal(scheduler.next({ time: 4, name: 'intent-0.json' }), undefined);
  assert.equal(scheduler.next()?.target, 'a');
});

test('no priority starves another: each of k patient targets has its turn within 8k picks', () => {
  const patient = 5;
  const scheduler = new Scheduler<Schedulable>();
  for (let index = 0; index < patient; index++) {
    scheduler.add(job(`patient-${index}`, index, { priority: 0 }));
  }
  const served = new Set<string>();
  for (let pick = 0; pick < 8 * patient; pick++) {
    scheduler.add(job(`urgent-${pick}`, 100 + pick, { priority: 10 }));
    scheduler.add(job(`urgent-too-${pick}`, 100 + pick, { priority: 9 }));
    const next = scheduler.next();
    assert.ok(next);
    scheduler.finished(next);
    if (next.priority === 0) served.add(next.target);
  }
  assert.equal(served.size, patient);
});
