import { exists } from './claim.ts';
import { bury } from './estates.ts';
import type { Lease } from './lease.ts';
import { type FoundLease, hasEnded, RENEWALS, readLeases } from './lease-content.ts';

/** What we have seen of another's lease. */
type Watched = {
  text: string;
  /** For how long we have watched it without seeing a change. */
  unchangedMs: number;
};

/** Watches the leases of the others: whoever gives no sign of life for `ttlMs` is dead. */
export class LeaseWatch {
  readonly #root: string;
  readonly #lease: Lease;
  readonly #ttlMs: number;
  readonly #watched = new Map<string, Watched>();
  #lookedAt = performance.now();

  constructor(inflightRoot: string, lease: Lease, ttlMs: number) {
    this.#root = inflightRoot;
    this.#lease = lease;
    this.#ttlMs = ttlMs;
  }

  /** The others that live. Whoever has died is buried. Throws errno errors. */
  living(): FoundLease[] {
    const now = performance.now();
    // What passed while we ourselves were stopped was not watched.
    const passedMs = Math.min(now - this.#lookedAt, (2 * this.#ttlMs) / RENEWALS);
    this.#lookedAt = now;
    const found = readLeases(this.#root).filter(({ instance }) => {
      return instance !== this.#lease.instance;
    });
    const paths = new Set(found.map(({ path }) => path));
    for (const path of this.#watched.keys()) if (!paths.has(path)) this.#watched.delete(path);
    return found.filter((lease) => {
      if (!this.#isDead(lease, passedMs)) return true;
      return !bury(this.#root, lease, this.#lease.life) && exists(lease.path);
    });
  }

  #isDead(lease: FoundLease, passedMs: number): boolean {
    const seen = this.#watched.get(lease.path);
    const unchangedMs = seen?.text === lease.text ? seen.unchangedMs + passedMs : 0;
    this.#watched.set(lease.path, { text: lease.text, unchangedMs });
    return unchangedMs >= this.#ttlMs || hasEnded(lease);
  }
}
