import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Spool } from './spool.ts';

/** When each intent's porch started, as the recording porch has noted it: ms since 1970. */
export function readStarts({ out }: Spool): Map<string, number> {
  const starts = new Map<string, number>();
  for (const line of readFileSync(join(out, 'starts'), 'utf8').split('\n')) {
    const [intent, at] = line.split(' ');
    if (intent !== undefined && at !== undefined) starts.set(basename(intent), Number(at) / 1e6);
  }
  return starts;
}

/** How many there are, by the bytes of the first one: all names are of the same length. */
export function countStarts({ out }: Spool): number {
  const path = join(out, 'starts');
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return bytes === 0 ? 0 : bytes / (readFileSync(path).indexOf(10) + 1);
}
