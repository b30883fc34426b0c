import type { Moment } from './settling.ts';

/**
 * News may be heard late, so the debounce counts from the change itself, by the kernel's time of it.
 * That may be of another's clock, as on a network file system: it is believed so far back and no
 * further, as a share of the debounce.
 */
const BELIEVED = 0.1;

/** When a file will have been quiet for the debounce (by `performance.now()`) that has just changed. */
export function quietAt(changedMs: number, debounceMs: number, now: Moment): number {
  const ago = Math.max(0, now.date - changedMs);
  return now.at + debounceMs - Math.min(ago, BELIEVED * debounceMs);
}
