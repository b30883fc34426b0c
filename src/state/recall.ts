import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { ifThere, type Report } from './files.ts';
import type { History, PastOutcome } from './history.ts';
import { keptHash } from './kept-hash.ts';
import { parseJson } from './records.ts';

/** What a status file tells of an outcome, when it is read as a witness (docs/state-format.md). */
const witness = z.object({
  intent_file: z.string(),
  status: z.enum(['success', 'failed', 'timeout', 'skipped']),
  timestamp: z.iso.datetime(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const FILES_AT_ONCE = 64;

/**
 * Puts into the history what damage has taken from it and the status files still say: what is filed
 * with its status is not run again for the damage. What cannot be read is no witness.
 */
export async function recallFiled(
  { status, report }: { status: string; report: Report },
  history: History,
): Promise<void> {
  const entries = (await ifThere(readdir(status, { withFileTypes: true }))) ?? [];
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  let recalled = 0;
  for (let index = 0; index < names.length; index += FILES_AT_ONCE) {
    const some = names.slice(index, index + FILES_AT_ONCE);
    for (const one of await Promise.all(some.map((name) => readWitness(status, name)))) {
      if (one === null || (history.get(one.name)?.at ?? 0) >= one.outcome.at) continue;
      history.set(one.name, one.outcome);
      recalled++;
    }
  }
  if (recalled === 0) return;
  report(`${recalled} outcomes that the damage had taken are known from their status files`, false);
}

async function readWitness(
  directory: string,
  file: string,
): Promise<{ name: string; outcome: PastOutcome } | null> {
  if (!file.endsWith('.status')) return null;
  const text = await readFile(join(directory, file), 'utf8').catch(() => '');
  const parsed = witness.safeParse(parseJson(text));
  if (!parsed.success || `${parsed.data.intent_file}.status` !== file) return null;
  const { intent_file: name, status, timestamp, sha256 } = parsed.data;
  // What was skipped had succeeded with that very content.
  const succeeded = status === 'success' || status === 'skipped';
  return { name, outcome: { sha: keptHash(sha256), succeeded, at: Date.parse(timestamp) } };
}
