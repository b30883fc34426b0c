import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { PastOutcome } from './history.ts';

/**
 * The state file of the Go program (its internal/loop/state.go): one JSON object, keyed by absolute
 * path, written whole. Its names are taken without their directory, which may have moved since.
 */
const goState = z.object({
  version: z.string(),
  states: z.record(
    z.string(),
    z.object({
      file_path: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      processed_at: z.iso.datetime({ offset: true }),
      status: z.string(),
    }),
  ),
});

/** The latest success of each name, or null where the file is not the Go program's. */
export async function readGoState(path: string): Promise<Map<string, PastOutcome> | null> {
  const parsed = goState.safeParse(await readJson(path));
  if (!parsed.success) return null;
  const successes = new Map<string, PastOutcome>();
  for (const state of Object.values(parsed.data.states)) {
    const name = state.file_path.split(/[/\\]/).at(-1);
    const at = Date.parse(state.processed_at);
    if (!name || state.status !== 'processed') continue;
    if ((successes.get(name)?.at ?? 0) > at) continue;
    successes.set(name, { sha: state.sha256, succeeded: true, at });
  }
  return successes;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
