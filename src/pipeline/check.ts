import { join } from 'node:path';
import { isRefusedName } from '../intent/names.ts';
import type { CheckResult } from '../intent/types.ts';
import type { Hold } from '../queue/hold.ts';
import { giveUp } from '../spool/ground.ts';
import type { Layout } from '../spool/layout.ts';
import type { Pool } from '../workers/pool.ts';
import { ThreadDied } from '../workers/thread.ts';
import { refusedFor } from './read-ahead.ts';

const READER_DEATHS = 5;

/** Looks at a claimed file. Rejects with DirectoryLost. */
export async function checkClaimed(
  { pool, hold, layout }: { pool: Pool; hold: Hold; layout: Layout },
  name: string,
): Promise<CheckResult> {
  if (isRefusedName(name)) {
    return refusedFor('E014', 'its name was refused before', 'drop it under a plain name');
  }
  const path = join(layout.inflight, name);
  return hold.guard('disk', `read ${name}`, () => checkOne(pool, path), giveUp);
}

/** Looks at one file, again where the reader dies over it. Throws errno errors of a failing disk. */
async function checkOne(pool: Pool, path: string): Promise<CheckResult> {
  for (let deaths = 0; deaths < READER_DEATHS; deaths++) {
    try {
      const [result] = await pool.check([path]);
      if (result?.kind === 'unavailable') {
        throw Object.assign(new Error(result.message), { code: result.errno });
      }
      return result ?? { kind: 'gone' };
    } catch (error) {
      if (!(error instanceof ThreadDied)) throw error;
    }
  }
  return refusedFor('E012', `reading it ended the reader ${READER_DEATHS} times`, 'look into it');
}
