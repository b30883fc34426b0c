export type RetryPolicy = {
  /** Attempts in all, the first included. */
  maxAttempts: number;
  initialDelayMs: number;
  maxDelayMs: number;
};

/**
 * How long to wait after failed attempt number `attempt` (from 1): doubling from the first delay to
 * the longest, then somewhere between half of that and all of it, so that intents that failed
 * together do not come back together.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random = Math.random): number {
  const full = Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** (attempt - 1));
  return Math.round(full * (0.5 + 0.5 * random()));
}
