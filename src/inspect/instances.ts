import { readdirSync } from 'node:fs';
import { isIntentName } from '../intent/names.ts';
import { errnoOf } from '../platform/index.ts';
import { claimsOf } from '../spool/claim.ts';
import { type Estate, estates } from '../spool/estates.ts';
import type { Layout } from '../spool/layout.ts';
import { type FoundLease, hasEnded, readLeases } from '../spool/lease-content.ts';
import { modifiedMs } from './listing.ts';

/**
 * `alive`: its process is there or, on another system, its lease was renewed within `lease_ttl`.
 * `dead`: its process is gone, or another instance has found so and settles what it left. `silent`: on
 * another system, and without a sign of life for longer; whether it is dead, instances tell by watching.
 * `stopped`: it ended in order, but files that it had claimed are left.
 */
export type InstanceState = 'alive' | 'dead' | 'silent' | 'stopped';

/** An instance as it is seen from outside. */
export type Instance = {
  name: string;
  state: InstanceState;
  host: string | null;
  pid: number | null;
  /** When it began (RFC 3339); null where its lease does not tell. */
  since: string | null;
  /** The names that it has claimed. */
  claimed: string[];
};

/** All instances that have a lease, an estate or claims, by name. Throws errno errors. */
export function readInstances(layout: Layout, leaseTtlMs: number, now: number): Instance[] {
  const directories = claimDirectories(layout);
  if (directories === null) return [];
  const leases = readLeases(layout.inflightRoot);
  const found = [
    ...leases.map((lease) => ofLease(lease, leaseTtlMs, now)),
    ...estates(layout.inflightRoot).map(ofEstate),
  ];
  const known = new Set(found.map(({ name }) => name));
  const stopped = directories.filter((name) => !known.has(name)).map(ofDirectory);
  const counted = new Set<string>();
  return [...found, ...stopped]
    .map((instance) => {
      // A name may have both a lease and the estate of the one before.
      const claimed = counted.has(instance.name)
        ? []
        : claimsOf(layout, instance.name).filter(isIntentName);
      counted.add(instance.name);
      return { ...instance, claimed };
    })
    .filter(({ state, claimed }) => state !== 'stopped' || claimed.length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Null where nobody ever ran here. */
function claimDirectories({ inflightRoot }: Layout): string[] | null {
  try {
    const entries = readdirSync(inflightRoot, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function ofLease(lease: FoundLease, leaseTtlMs: number, now: number): Instance {
  const { content, path, instance } = lease;
  const { host = null, pid = null, since = null } = content ?? {};
  const base = { name: instance, host, pid, since, claimed: [] };
  if (hasEnded(lease)) return { ...base, state: 'dead' };
  // By the time of the file system that both write to. It decides nothing: only people read it.
  const silentMs = now - (modifiedMs(path) ?? now);
  return { ...base, state: silentMs < leaseTtlMs ? 'alive' : 'silent' };
}

function ofEstate({ instance }: Estate): Instance {
  return { name: instance, state: 'dead', host: null, pid: null, since: null, claimed: [] };
}

function ofDirectory(name: string): Instance {
  return { name, state: 'stopped', host: null, pid: null, since: null, claimed: [] };
}
