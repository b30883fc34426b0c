import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { errnoOf, processScope, processStart, renameNoReplace } from '../platform/index.ts';
import { type Layout, LEASE_SUFFIX } from './layout.ts';

/** The lease of an instance, format version 1 (docs/state-format.md), replaced whole each time. */
const leaseContent = z.object({
  version: z.literal(1),
  instance: z.string(),
  /** Names one run of the program. */
  life: z.string(),
  host: z.string(),
  /** Within one scope a pid means the same process; outside of it, nothing. */
  scope: z.string(),
  pid: z.number(),
  process_start: z.string(),
  /** Counts renewals: a lease in which nothing changes is dead. */
  renewals: z.number(),
  /** The instances that this one reckons with. */
  members: z.array(z.string()),
});

type LeaseContent = z.infer<typeof leaseContent>;

/** Another instance works on this directory. */
export class LeaseRefused extends Error {}

/** This instance's hold on its name and on what it claims. */
export class Lease {
  readonly #path: string;
  #content: LeaseContent;
  #timer: NodeJS.Timeout | undefined;

  /** The lives whose leases were found dead. */
  readonly predecessors: readonly string[];

  private constructor(path: string, content: LeaseContent, predecessors: readonly string[]) {
    this.#path = path;
    this.#content = content;
    this.predecessors = predecessors;
  }

  /**
   * Takes the lease of this instance. A dead predecessor's is taken over: at once where it ran on
   * this very system, else after `ttlMs` in which nothing changed in it (`waiting` is told).
   * Throws LeaseRefused while another instance lives.
   */
  static async acquire(
    layout: Layout,
    { instance, life, ttlMs, waiting }: AcquireOptions,
  ): Promise<Lease> {
    const content: LeaseContent = {
      version: 1,
      instance,
      life,
      host: hostname(),
      scope: processScope(),
      pid: process.pid,
      process_start: processStart(process.pid) ?? '',
      renewals: 0,
      members: [instance],
    };
    const predecessors = new Set<string>();
    do {
      for (const dead of await deadLeases(layout, life, ttlMs, waiting)) {
        bury(layout, dead.instance, dead.life, life);
        predecessors.add(dead.life);
      }
      if (read(layout.lease) === null) bury(layout, instance, null, life);
      announce(layout, content);
      // Whoever came at the same moment has announced itself before it looked again, as we have.
      await deadLeases(layout, life, ttlMs, waiting);
    } while (read(layout.lease)?.life !== life);
    return new Lease(layout.lease, content, [...predecessors]);
  }

  /** Renews the lease from now on; `lost` is called once when somebody else holds the name. */
  keep(everyMs: number, lost: (by: string) => void): void {
    this.#timer = setInterval(() => {
      try {
        this.#renew(lost);
      } catch (error) {
        // A disk that refuses is found and said by whoever files an intent; the next turn renews.
        if (errnoOf(error) === undefined) throw error;
      }
    }, everyMs);
  }

  #renew(lost: (by: string) => void): void {
    const found = read(this.#path);
    if (found && found.life !== this.#content.life) {
      clearInterval(this.#timer);
      lost(`${found.instance}, pid ${found.pid} on ${found.host}`);
      return;
    }
    this.#content = { ...this.#content, renewals: this.#content.renewals + 1 };
    write(`${this.#path}.${this.#content.life}`, this.#content);
    renameSync(`${this.#path}.${this.#content.life}`, this.#path);
  }

  /** Gives the name back. */
  release(): void {
    clearInterval(this.#timer);
    if (read(this.#path)?.life === this.#content.life) rmSync(this.#path, { force: true });
  }
}

type AcquireOptions = {
  instance: string;
  life: string;
  ttlMs: number;
  waiting(message: string): void;
};

/** The leases of other lives, all dead. Throws LeaseRefused when one of them is alive. */
async function deadLeases(
  layout: Layout,
  life: string,
  ttlMs: number,
  waiting: (message: string) => void,
): Promise<LeaseContent[]> {
  const others = leases(layout).filter((lease) => lease.life !== life);
  for (const lease of others) {
    if (!(await isAlive(layout, lease, ttlMs, waiting))) continue;
    if (read(layout.lease)?.life === life) rmSync(layout.lease, { force: true });
    throw new LeaseRefused(
      `${layout.handoff} is in use by ${lease.instance} (pid ${lease.pid} on ${lease.host}): ` +
        'stop that one first, or give this one a directory of its own with -handoff',
    );
  }
  return others;
}

/** Puts our lease in its place, unless another one stands there. */
function announce(layout: Layout, content: LeaseContent): void {
  const temporary = `${layout.lease}.${content.life}`;
  write(temporary, content);
  if (renameNoReplace(temporary, layout.lease) === 'unsupported') {
    renameSync(temporary, layout.lease);
  }
  rmSync(temporary, { force: true });
}

/**
 * Removes a lease that was found dead, or damaged (its life null). Somebody may have put a living
 * one in its place since: so it is moved aside first, looked at, and put back if it is another.
 */
function bury(layout: Layout, instance: string, deadLife: string | null, life: string): void {
  const path = join(layout.inflightRoot, `${instance}${LEASE_SUFFIX}`);
  const aside = `${path}.${life}.dead`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((read(aside)?.life ?? null) !== deadLife) renameNoReplace(aside, path);
  rmSync(aside, { force: true });
}

async function isAlive(
  layout: Layout,
  lease: LeaseContent,
  ttlMs: number,
  waiting: (message: string) => void,
): Promise<boolean> {
  if (lease.scope === processScope()) return processStart(lease.pid) === lease.process_start;
  waiting(
    `${lease.instance} on ${lease.host} has a lease on ${layout.handoff}; ` +
      `watching it for ${ttlMs} ms to see whether it is alive`,
  );
  const path = join(layout.inflightRoot, `${lease.instance}${LEASE_SUFFIX}`);
  for (const end = performance.now() + ttlMs; performance.now() < end; ) {
    await delay(Math.min(250, ttlMs));
    const now = read(path);
    if (!now) return false;
    if (now.life !== lease.life || now.renewals !== lease.renewals) return true;
  }
  return false;
}

function leases(layout: Layout): LeaseContent[] {
  return readdirSync(layout.inflightRoot)
    .filter((name) => name.endsWith(LEASE_SUFFIX))
    .map((name) => read(join(layout.inflightRoot, name)))
    .filter((lease) => lease !== null);
}

function read(path: string): LeaseContent | null {
  try {
    const parsed = leaseContent.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function write(path: string, content: LeaseContent): void {
  const file = openSync(path, 'w', 0o644);
  try {
    writeFileSync(file, `${JSON.stringify(content)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
