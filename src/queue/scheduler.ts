import { Heap } from './heap.ts';

/** Place in the order of dropping: modification time in milliseconds, then name. */
export type Order = { time: number; name: string };

/** What the scheduler needs to know of a job. */
export type Schedulable = Order & {
  /** What it is known by. Its name is not enough: a claimed file may wait beside a newer one. */
  id: string;
  /** Jobs of one target run one at a time, in their order. */
  target: string;
  /** 0 to 10, higher first. Chooses between targets, never within one. */
  priority: number;
};

type Target<T> = {
  key: string;
  /** In order of dropping. */
  jobs: T[];
  busy: boolean;
  /** The entry of a ready heap that counts; older ones are passed over. */
  entry: Entry<T> | null;
};

type Entry<T> = { target: Target<T>; head: T; priority: number };

const PRIORITIES = 11;

/** One turn in so many goes to whatever has waited longest, so that no priority starves another. */
const OLDEST_EVERY = 8;

export function comesBefore(a: Order, b: Order): boolean {
  return a.time < b.time || (a.time === b.time && a.name < b.name);
}

/**
 * Decides which of the waiting jobs is next. A target is ready when it has jobs and none of them
 * runs; ready targets lie in a heap for each priority, ordered by their first job's place in the
 * order of dropping. A target counts as urgent as the most urgent of its jobs, for that one can only
 * run after those before it.
 */
export class Scheduler<T extends Schedulable> {
  readonly #targets = new Map<string, Target<T>>();
  readonly #queued = new Map<string, T>();
  readonly #ready = Array.from({ length: PRIORITIES }, () => {
    return new Heap<Entry<T>>((a, b) => comesBefore(a.head, b.head));
  });
  #blocked: ReadonlySet<string> = new Set();
  /** Names that run, with the targets whose first jobs wait for one of them. */
  readonly #running = new Map<string, Set<Target<T>>>();
  #picks = 0;
  #newest: Order | undefined;

  /** Jobs that wait. */
  get size(): number {
    return this.#queued.size;
  }

  /** No waiting job was dropped later than this one. */
  get newest(): Order | undefined {
    return this.#newest;
  }

  has(id: string): boolean {
    return this.#queued.has(id);
  }

  get(id: string): T | undefined {
    return this.#queued.get(id);
  }

  /** Takes the place of a waiting job that is known by the same. */
  add(job: T): void {
    this.remove(job.id);
    const target = this.#targets.get(job.target) ?? this.#newTarget(job.target);
    insert(target, job);
    this.#queued.set(job.id, job);
    if (!this.#newest || comesBefore(this.#newest, job)) this.#newest = job;
    this.#offer(target);
  }

  /** Takes a waiting job out. */
  remove(id: string): T | undefined {
    const job = this.#queued.get(id);
    if (!job) return undefined;
    const target = this.#targets.get(job.target);
    this.#forget(job);
    if (target) {
      target.jobs.splice(target.jobs.indexOf(job), 1);
      this.#offer(target);
    }
    return job;
  }

  /** Takes out the `count` jobs that were dropped last. */
  removeNewest(count: number): T[] {
    const jobs = [...this.#queued.values()].sort((a, b) => (comesBefore(a, b) ? 1 : -1));
    const newest = jobs.slice(0, count);
    for (const job of newest) this.remove(job.id);
    this.#newest = jobs[count];
    return newest;
  }

  /**
   * The job that runs next; its target and its name are busy until `finished`. Where `before` is
   * given, jobs that were not dropped before it have to wait: it is not known yet which target it
   * belongs to. Targets that are less urgent than `least` have to wait, however old.
   */
  next(before?: Order, least = 0): T | undefined {
    const isKnown = (head: T) => before === undefined || comesBefore(head, before);
    const entry = this.#choose(isKnown, least);
    if (!entry) return undefined;
    this.#picks++;
    const { target, head } = entry;
    target.jobs.shift();
    target.busy = true;
    target.entry = null;
    this.#forget(head);
    this.occupy(head.name);
    return head;
  }

  /** From now on these targets wait, and no others. */
  block(targets: ReadonlySet<string>): void {
    const before = this.#blocked;
    this.#blocked = targets;
    for (const key of [...before, ...targets]) {
      const target = this.#targets.get(key);
      if (target) this.#offer(target);
    }
  }

  /** The jobs that wait, in no order. */
  jobs(): T[] {
    return [...this.#queued.values()];
  }

  /** Jobs of this name wait until it is vacated; false where it is occupied already. */
  occupy(name: string): boolean {
    if (this.#running.has(name)) return false;
    this.#running.set(name, new Set());
    return true;
  }

  vacate(name: string): void {
    const waiting = this.#running.get(name) ?? [];
    this.#running.delete(name);
    for (const target of waiting) this.#offer(target);
  }

  /** A job that `next` gave out is done with. */
  finished(job: Schedulable): void {
    this.vacate(job.name);
    const target = this.#targets.get(job.target);
    if (!target) return;
    target.busy = false;
    this.#offer(target);
  }

  #choose(allowed: (head: T) => boolean, least: number): Entry<T> | undefined {
    const oldestFirst = this.#picks % OLDEST_EVERY === OLDEST_EVERY - 1;
    let chosen: Entry<T> | undefined;
    for (let priority = PRIORITIES - 1; priority >= least; priority--) {
      const entry = this.#firstReady(priority);
      if (!entry || !allowed(entry.head)) continue;
      if (!chosen || comesBefore(entry.head, chosen.head)) chosen = entry;
      if (!oldestFirst) break;
    }
    return chosen;
  }

  /** The first of a priority's ready targets whose first job's name does not run already. */
  #firstReady(priority: number): Entry<T> | undefined {
    const heap = this.#ready[priority];
    for (let entry = heap?.peek(); entry; entry = heap?.peek()) {
      const { target, head } = entry;
      if (target.entry === entry) {
        const waiting = this.#running.get(head.name);
        if (!waiting) return entry;
        waiting.add(target);
        target.entry = null;
      }
      heap?.pop();
    }
    return undefined;
  }

  /** Puts a target where it belongs after its jobs have changed. */
  #offer(target: Target<T>): void {
    const head = target.jobs[0];
    if (target.busy) return;
    if (this.#blocked.has(target.key)) {
      target.entry = null;
      return;
    }
    if (!head) {
      target.entry = null;
      // One that waited for a name may have been emptied and forgotten since, and made anew.
      if (this.#targets.get(target.key) === target) this.#targets.delete(target.key);
      return;
    }
    const priority = urgency(target.jobs);
    if (target.entry?.head === head && target.entry.priority === priority) return;
    target.entry = { target, head, priority };
    this.#ready[priority]?.push(target.entry);
  }

  #newTarget(key: string): Target<T> {
    const target = { key, jobs: [], busy: false, entry: null };
    this.#targets.set(key, target);
    return target;
  }

  #forget(job: T): void {
    this.#queued.delete(job.id);
    if (this.#queued.size === 0) this.#newest = undefined;
  }
}

/** Most targets have one job: an array that is made with it has room for one, one that grows for 17. */
function insert<T extends Schedulable>(target: Target<T>, job: T): void {
  const at = target.jobs.findLastIndex((other) => comesBefore(other, job)) + 1;
  if (target.jobs.length === 0) target.jobs = [job];
  else target.jobs.splice(at, 0, job);
}

function urgency(jobs: readonly Schedulable[]): number {
  let highest = 0;
  for (const { priority } of jobs) highest = Math.max(highest, priority);
  return highest;
}
