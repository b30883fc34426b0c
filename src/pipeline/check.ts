import type { CheckResult } from '../intent/types.ts';
import { type Pool, ThreadDied } from '../workers/pool.ts';
import { refusedFor } from './read-ahead.ts';

const READER_DEATHS = 5;

/** Looks at one file, again where the reader dies over it. Throws errno errors of a failing disk. */
export async function checkOne(pool: Pool, path: string): Promise<CheckResult> {
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
