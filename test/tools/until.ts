import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 60_000;

/** Waits until `condition` gives something other than false, null or undefined; that is the result. */
export async function until<T>(condition: () => T | false | null | undefined): Promise<T> {
  const end = Date.now() + LIMIT_MS;
  while (Date.now() < end) {
    const found = condition();
    if (found !== false && found !== null && found !== undefined) return found;
    await delay(5);
  }
  throw new Error(`waited in vain for ${condition}`);
}
