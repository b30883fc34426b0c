import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PastOutcome } from '../src/state/history.ts';
import { writeSnapshot } from '../src/state/snapshot.ts';
import { benchDirectory, type Spool } from './spool.ts';

export const nameOfPast = (index: number): string =>
  `intent-past-${String(index).padStart(7, '0')}.json`;

export const snapshotOf = ({ handoff }: Spool): string => join(handoff, '.conductor-state.json');

/** Puts a snapshot of so many entries of history into place. */
export async function giveHistory(spool: Spool, size: number): Promise<void> {
  if (size === 0) return;
  const made = join(benchDirectory(), `history-${size}.json`);
  if (!existsSync(made)) {
    await writeSnapshot(made, { covers: [], unfinished: [], entries: past(size) });
  }
  copyFileSync(made, snapshotOf(spool));
}

/** Bytes of all state files. */
export function stateBytes({ handoff }: Spool): number {
  const names = readdirSync(handoff).filter((name) => name.startsWith('.conductor-state'));
  return names.reduce((sum, name) => sum + statSync(join(handoff, name)).size, 0);
}

function* past(size: number): Generator<[string, PastOutcome]> {
  const at = Date.now() - 3_600_000;
  for (let index = 0; index < size; index++) {
    const sha = createHash('sha256').update(`past ${index}`).digest('hex');
    yield [nameOfPast(index), { sha, succeeded: index % 10 > 0, at: at + index }];
  }
}
