import { readdirSync, readFileSync } from 'node:fs';

/** What a process takes of the machine at some moment. */
export type Sample = { rssKb: number; files: number; threads: number };

/** What /proc says of a process; null where it has ended. */
export function sampleOf(pid: number): Sample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    const [rssKb, threads] = [field('VmRSS'), field('Threads')];
    // A process that has ended and was not waited for yet has no memory.
    if (Number.isNaN(rssKb)) return null;
    return { rssKb, threads, files: readdirSync(`/proc/${pid}/fd`).length };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

/**
 * What may come on top from the third quarter of a life to the last one: garbage that was not
 * collected, threads that were not needed before.
 */
const TOLERATED = { rssKb: 16 * 1024, rssShare: 0.1, files: 16, threads: 4 };

const UNITS = { rssKb: 'kB of memory', files: 'open files', threads: 'threads' } as const;

/**
 * What grows in the later half of a life, in words. The least of each quarter is compared: what
 * comes and goes does not count, what stays does.
 */
export function growth(samples: readonly Sample[]): string[] {
  const quarter = Math.floor(samples.length / 4);
  const keys = ['rssKb', 'files', 'threads'] as const;
  return keys.flatMap((key) => {
    const least = (from: number, to?: number) =>
      Math.min(...samples.slice(from, to).map((sample) => sample[key]));
    const before = least(2 * quarter, 3 * quarter);
    const after = least(3 * quarter);
    const more = key === 'rssKb' ? before * TOLERATED.rssShare : 0;
    if (after - before <= TOLERATED[key] + more) return [];
    return [`${before} ${UNITS[key]} in the third quarter, ${after} in the last one`];
  });
}

/** The value below which this share of the values lies; 0 where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
