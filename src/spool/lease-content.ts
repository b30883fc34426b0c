import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { errnoOf, processScope, processStart } from '../platform/index.ts';
import { LEASE_SUFFIX } from './layout.ts';

/** The lease of an instance, format version 1 (docs/state-format.md). */
const leaseContent = z.object({
  version: z.number(),
  instance: z.string(),
  /** Names one run of the program. */
  life: z.string(),
  host: z.string(),
  /** Within one scope a pid means the same process; outside of it, nothing. */
  scope: z.string(),
  pid: z.number(),
  process_start: z.string(),
  /** When the program began, for people: nothing is decided by it (RFC 3339). */
  since: z.string().optional(),
  /** Counts renewals: a lease in which nothing changes is dead. */
  renewals: z.number(),
  /** The instances that its owner reckons with, as `INSTANCE/LIFE`. */
  members: z.array(z.string()),
});

export type LeaseContent = z.infer<typeof leaseContent>;

/** A lease as it lies in `.inflight/`. */
export type FoundLease = {
  instance: string;
  path: string;
  /** Its bytes; whoever is alive changes them. */
  text: string;
  /** Null where they cannot be read: damaged, or not written yet. */
  content: LeaseContent | null;
};

/** An instance with its life, as the lists of members have it. */
export const memberName = ({ instance, life }: { instance: string; life: string }): string =>
  `${instance}/${life}`;

/** So many signs of life within a `lease_ttl`, or more. */
export const RENEWALS = 6;

/** A lease that cannot be read so often is damaged. */
const TRIES = 3;

/** All leases, our own included. Throws errno errors. */
export function readLeases(inflightRoot: string): FoundLease[] {
  return readdirSync(inflightRoot)
    .filter((name) => name.endsWith(LEASE_SUFFIX))
    .map((name) => readLease(inflightRoot, name.slice(0, -LEASE_SUFFIX.length)))
    .filter((lease) => lease !== null);
}

/** The lease of an instance, or null where there is none. Throws errno errors. */
export function readLease(inflightRoot: string, instance: string): FoundLease | null {
  const path = join(inflightRoot, `${instance}${LEASE_SUFFIX}`);
  try {
    for (let tries = 1; ; tries++) {
      const text = readFileSync(path, 'utf8');
      const content = parseLease(text);
      // Its owner may have been writing to it just then.
      if (content || text === '' || tries === TRIES) return { instance, path, text, content };
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Null where it cannot be read. */
export function parseLease(text: string): LeaseContent | null {
  try {
    return leaseContent.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Lives that this very process has ended: its pid would say that they are alive. */
const endedLives = new Set<string>();

/** A life of this process is over. */
export function noteEnded(life: string): void {
  endedLives.add(life);
}

/** Whether its process is known to be gone: that can be told on one system only. */
export function hasEnded({ content }: Pick<FoundLease, 'content'>): boolean {
  if (content === null || content.scope !== processScope()) return false;
  if (endedLives.has(content.life)) return true;
  return processStart(content.pid) !== content.process_start;
}
