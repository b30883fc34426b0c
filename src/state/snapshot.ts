import { createReadStream } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { PastOutcome } from './history.ts';
import { syncDirectory } from './journal.ts';
import { checksum, decodeRecord, encodeRecord, type JournalRecord } from './records.ts';

/**
 * The snapshot `.conductor-state.json`, format version 1 (docs/state-format.md): always valid JSON,
 * one entry a line, so that both ways it passes as a stream and never stands in memory whole.
 */
export const SNAPSHOT_FORMAT = 'conductor-loop state';

const covered = z.object({ instance: z.string(), segment: z.number(), bytes: z.number() });

const head = z.object({
  format: z.literal(SNAPSHOT_FORMAT),
  version: z.literal(1),
  saved_at: z.string(),
  covers: z.array(covered),
});

/** `[name, sha256, "s" or "f", milliseconds, checksum of the four before]` */
const entry = z.tuple([z.string(), z.string(), z.enum(['s', 'f']), z.number(), z.string()]);

/** Up to which byte of which segment a snapshot holds what the journals say. */
export type Covered = z.infer<typeof covered>;

export type SnapshotContent = {
  covers: Covered[];
  /** Intents begun or recorded whose files had not reached their place, as journal records. */
  unfinished: JournalRecord[];
  entries: Iterable<[string, PastOutcome]>;
};

/** What a reader of a snapshot is told, line by line. */
export type SnapshotReader = {
  covers(covers: Covered[]): void;
  unfinished(record: JournalRecord): void;
  entry(name: string, outcome: PastOutcome): void;
};

const ENTRIES_A_CHUNK = 1000;

/** Writes the snapshot beside its place, syncs it and renames it in. */
export async function writeSnapshot(path: string, content: SnapshotContent): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o644);
  try {
    for (const chunk of chunks(content)) await file.write(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

function* chunks(content: SnapshotContent): Generator<string> {
  const { covers } = content;
  const first = { format: SNAPSHOT_FORMAT, version: 1, saved_at: new Date().toISOString(), covers };
  yield `${JSON.stringify(first).slice(0, -1)},"unfinished":[\n`;
  yield content.unfinished.map((record) => JSON.stringify(encodeRecord(record))).join(',\n');
  yield '\n],"entries":[\n';
  let count = 0;
  let lines: string[] = [];
  for (const [name, outcome] of content.entries) {
    lines.push(encodeEntry(name, outcome));
    if (lines.length < ENTRIES_A_CHUNK) continue;
    yield (count > 0 ? ',\n' : '') + lines.join(',\n');
    count += lines.length;
    lines = [];
  }
  if (lines.length > 0) yield (count > 0 ? ',\n' : '') + lines.join(',\n');
  yield `\n],"count":${count + lines.length}}\n`;
}

function encodeEntry(name: string, { sha, succeeded, at }: PastOutcome): string {
  const fields = JSON.stringify([name, sha, succeeded ? 's' : 'f', at]);
  return `${fields.slice(0, -1)},"${checksum(fields)}"]`;
}

/**
 * Reads a snapshot and reports every sound line. Returns the number of damaged lines: 0 for a
 * whole snapshot. Throws the errors of the file system.
 */
export async function readSnapshot(path: string, reader: SnapshotReader): Promise<number> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: 0 });
  let section: 'head' | 'unfinished' | 'entries' | 'end' = 'head';
  let damaged = 0;
  let count = 0;
  let expected = -1;
  for await (const line of lines) {
    if (section === 'head') {
      if (!readHead(line, reader)) damaged++;
      section = 'unfinished';
    } else if (line.startsWith('],"entries":[')) {
      section = 'entries';
    } else if (line.startsWith('],"count":')) {
      section = 'end';
      expected = Number.parseInt(line.slice('],"count":'.length), 10);
    } else if (line !== '') {
      const sound = section === 'entries' ? readEntry(line, reader) : readUnfinished(line, reader);
      if (sound) count += section === 'entries' ? 1 : 0;
      else damaged++;
    }
  }
  return damaged > 0 || count === expected ? damaged : 1;
}

function readHead(line: string, reader: SnapshotReader): boolean {
  const parsed = head.safeParse(parseJson(`${line.replace(/,"unfinished":\[$/, '')}}`));
  if (parsed.success) reader.covers(parsed.data.covers);
  return parsed.success;
}

function readEntry(line: string, reader: SnapshotReader): boolean {
  const parsed = entry.safeParse(parseJson(line.replace(/,$/, '')));
  if (!parsed.success) return false;
  const [name, sha, kind, at, sum] = parsed.data;
  if (checksum(JSON.stringify([name, sha, kind, at])) !== sum) return false;
  reader.entry(name, { sha, succeeded: kind === 's', at });
  return true;
}

function readUnfinished(line: string, reader: SnapshotReader): boolean {
  const text = z.string().safeParse(parseJson(line.replace(/,$/, '')));
  const record = text.success ? decodeRecord(text.data.trimEnd()) : null;
  if (record) reader.unfinished(record);
  return record !== null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
