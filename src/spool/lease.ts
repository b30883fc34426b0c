import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  lstatSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  errnoOf,
  networkFileSystem,
  patiently,
  processScope,
  processStart,
} from '../platform/index.ts';
import { adopt, bury, estates } from './estates.ts';
import { LEASE_SUFFIX } from './layout.ts';
import { hasEnded, type LeaseContent, memberName, noteEnded, readLease } from './lease-content.ts';

const LEASE_VERSION = 1;

/**
 * This instance's hold on its name and on what it claims: a file that only its owner writes to, in
 * place. Whoever declares it dead moves that very file away, and can do so only once; so the path
 * leads to our file as long as nobody has.
 */
export class Lease {
  readonly instance: string;
  readonly life: string;
  readonly #path: string;
  readonly #file: number;
  readonly #identity: string;
  readonly #shared: boolean;
  #content: LeaseContent;
  #length = 0;
  #renewedAt = 0;

  private constructor(path: string, file: number, content: LeaseContent, shared: boolean) {
    this.instance = content.instance;
    this.life = content.life;
    this.#path = path;
    this.#file = file;
    this.#identity = identityOf(fstatSync(file, { bigint: true }));
    this.#shared = shared;
    this.#content = content;
  }

  /**
   * Takes a name that is free: `instance`, else with `-2`, `-3` and so on. The name of one that died
   * on this very system is free at once, and we are its heir. Throws errno errors.
   */
  static acquire(inflightRoot: string, instance: string, life: string): Lease {
    for (;;) {
      const names = namesFrom(instance);
      const passed: string[] = [];
      let lease: Lease | null = null;
      while (lease === null) {
        const name = String(names.next().value);
        lease = Lease.#take(inflightRoot, name, life);
        if (lease === null) passed.push(name);
      }
      // Who buries another has a lease by then: else it would itself be taken for dead.
      const dead = passed.find((name) => {
        const found = readLease(inflightRoot, name);
        return found !== null && hasEnded(found) && bury(inflightRoot, found, life);
      });
      const better = dead === undefined ? null : Lease.#take(inflightRoot, dead, life);
      if (better) lease.#drop();
      lease = better ?? lease;
      // Whoever meant to bury the one before us may have moved ours.
      if (lease.held) return lease;
      lease.#drop();
    }
  }

  /** Null where the name is taken. */
  static #take(inflightRoot: string, name: string, life: string): Lease | null {
    const path = join(inflightRoot, `${name}${LEASE_SUFFIX}`);
    const file = createExclusively(path);
    if (file === null) return null;
    const shared = networkFileSystem(inflightRoot) !== null;
    const lease = new Lease(path, file, firstContent(name, life), shared);
    lease.renew([memberName(lease)]);
    // Whoever settles what a dead one of this name has left works in the directory of that name.
    const disputed = estates(inflightRoot)
      .filter((estate) => estate.instance === name && estate.heir !== life)
      .some((estate) => adopt(inflightRoot, estate, life) === null);
    if (!disputed) return lease;
    lease.#drop();
    return null;
  }

  /** Whether it is still ours: nobody has declared us dead. Throws errno errors. */
  get held(): boolean {
    const found = lstatSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return found !== undefined && identityOf(found) === this.#identity;
  }

  /** No other host sees it. */
  get isLocal(): boolean {
    return !this.#shared;
  }

  /** Milliseconds since the last renewal began. */
  get ageMs(): number {
    return performance.now() - this.#renewedAt;
  }

  /** Gives a sign of life, with the members that we reckon with. Throws errno errors. */
  renew(members: readonly string[]): void {
    const begun = performance.now();
    const renewals = this.#content.renewals + 1;
    this.#content = { ...this.#content, renewals, members: [...members] };
    // Never shorter than before, so that one write replaces everything.
    const json = JSON.stringify(this.#content);
    const text = `${json}${' '.repeat(Math.max(0, this.#length - Buffer.byteLength(json)))}`;
    this.#length = Buffer.byteLength(text);
    // Of a string Deno would write at the end, whatever the position.
    const data = Buffer.from(`${text}\n`);
    writeSync(this.#file, data, 0, data.length, 0);
    // Other hosts see what has left this one; on a local disk all see the same page.
    if (this.#shared) fdatasyncSync(this.#file);
    this.#renewedAt = begun;
  }

  /** Gives the name back, if it is still ours. */
  release(): void {
    noteEnded(this.life);
    this.#drop();
  }

  /** Leaves it to heirs. */
  abandon(): void {
    noteEnded(this.life);
    closeSync(this.#file);
  }

  #drop(): void {
    if (this.held) patiently(() => rmSync(this.#path, { force: true }));
    closeSync(this.#file);
  }
}

/** `instance`, `instance-2`, `instance-3` … */
function* namesFrom(instance: string): Generator<string, never> {
  yield instance;
  for (let n = 2; ; n++) yield `${instance}-${n}`;
}

function firstContent(instance: string, life: string): LeaseContent {
  return {
    version: LEASE_VERSION,
    instance,
    life,
    host: hostname(),
    scope: processScope(),
    pid: process.pid,
    process_start: processStart(process.pid) ?? '',
    since: new Date().toISOString(),
    renewals: -1,
    members: [],
  };
}

function createExclusively(path: string): number | null {
  const { O_CREAT, O_EXCL, O_RDWR } = constants;
  try {
    return openSync(path, O_CREAT | O_EXCL | O_RDWR, 0o644);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return null;
    throw error;
  }
}

/** File IDs of Windows have 64 bits, more than a number holds. */
const identityOf = ({ dev, ino }: { dev: bigint; ino: bigint }): string => `${dev} ${ino}`;
