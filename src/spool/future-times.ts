/**
 * The clocks of those who drop files and of instances that share a directory may be so far apart, and
 * the order of dropping is the same for all. What is further ahead would be overtaken for too long.
 */
const CLOCKS_APART_MS = 600_000;

/**
 * What a modification time ahead of our clock counts as: the moment at which we first saw it, also
 * when our clock has come up to it. Else who is far ahead would settle before who is a little ahead.
 */
export class FutureTimes {
  readonly #firstSeen = new Map<string, { mtimeMs: number; now: number }>();

  /** Since when a file is unchanged. */
  changeTime(name: string, mtimeMs: number, now: number): number {
    // Most never are: to look for each of a million names costs as much as all else here.
    if (mtimeMs <= now && this.#firstSeen.size === 0) return mtimeMs;
    const first = this.#firstSeen.get(name);
    // Our clock may have been set back since.
    if (first?.mtimeMs === mtimeMs && first.now <= now) return first.now;
    if (mtimeMs <= now) return mtimeMs;
    this.#firstSeen.set(name, { mtimeMs, now });
    return now;
  }

  /** Its place in the order of dropping, when it has settled. */
  orderTime(name: string, mtimeMs: number, now: number): number {
    const time = mtimeMs - now > CLOCKS_APART_MS ? this.changeTime(name, mtimeMs, now) : mtimeMs;
    this.forget(name);
    return time;
  }

  forget(name: string): void {
    if (this.#firstSeen.size > 0) this.#firstSeen.delete(name);
  }
}
