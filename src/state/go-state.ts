import { readFile, stat } from 'node:fs/promises';
import * as z from 'zod';
import type { PastOutcome } from './history.ts';
import { keptHash } from './kept-hash.ts';
import { openForReading } from './lines.ts';
import { parseJson } from './records.ts';

/** It is read whole, and V8 holds no string of more than 512 MiB: nor could the Go program grow so far. */
const LARGEST_BYTES = 256 * 1024 * 1024;

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
  if (!(await looksLikeGo(path))) return null;
  const parsed = goState.safeParse(parseJson(await readFile(path, 'utf8')));
  if (!parsed.success) return null;
  const successes = new Map<string, PastOutcome>();
  for (const state of Object.values(parsed.data.states)) {
    const name = state.file_path.split(/[/\\]/).at(-1);
    const at = Date.parse(state.processed_at);
    if (!name || state.status !== 'processed') continue;
    if ((successes.get(name)?.at ?? 0) > at) continue;
    successes.set(name, { sha: keptHash(state.sha256), succeeded: true, at });
  }
  return successes;
}

/** By its size and its first bytes: nothing else is worth being read whole. */
async function looksLikeGo(path: string): Promise<boolean> {
  if ((await stat(path)).size > LARGEST_BYTES) return false;
  const file = await openForReading(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return /^\s*\{\s*"(version|saved_at|states)"/.test(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await file.close();
  }
}
