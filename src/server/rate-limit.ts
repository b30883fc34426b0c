export type RateLimitOptions = { perMinute: number; burst: number };

/** Addresses that are remembered. */
const ADDRESSES = 10_000;

type Bucket = { tokens: number; atMs: number };

/** Lets each address make so many requests at once, and so many more in each minute. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #now: () => number;
  /** Those that asked last stand last. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  /** 0 where the address may make a request now, else in how many milliseconds it may. */
  ask(address: string): number {
    const { perMinute, burst } = this.#options;
    const perMs = perMinute / 60_000;
    const now = this.#now();
    const before = this.#buckets.get(address) ?? { tokens: burst, atMs: now };
    const tokens = Math.min(burst, before.tokens + (now - before.atMs) * perMs);
    const allowed = tokens >= 1;
    this.#buckets.delete(address);
    this.#buckets.set(address, { tokens: allowed ? tokens - 1 : tokens, atMs: now });
    this.#forgetOldest();
    return allowed ? 0 : (1 - tokens) / perMs;
  }

  #forgetOldest(): void {
    if (this.#buckets.size <= ADDRESSES) return;
    for (const address of this.#buckets.keys()) {
      this.#buckets.delete(address);
      return;
    }
  }
}
