import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { patientlyAsync } from '../platform/index.ts';
import { moveDirectoryAside, unlinkIfThere } from './files.ts';
import type { PastOutcome } from './history.ts';
import { syncDirectory } from './journal.ts';
import { keptHash } from './kept-hash.ts';
import { chunksOf, LINE_FEED } from './lines.ts';
import { PlainEntry } from './plain-entry.ts';
import {
  checksum,
  decodeRecord,
  encodeRecord,
  type JournalRecord,
  LaterVersion,
  parseJson,
} from './records.ts';
import { TextBuffer } from './text-buffer.ts';

/**
 * The snapshot `.conductor-state.json`, format version 1 (docs/state-format.md): always valid JSON,
 * one entry a line, so that both ways it passes as a stream and never stands in memory whole.
 */
export const SNAPSHOT_FORMAT = 'conductor-loop state';
const SNAPSHOT_VERSION = 1;

const covered = z.object({ instance: z.string(), segment: z.number(), bytes: z.number() });

/** It keeps its form in later versions of the format, so that this one can tell them from damage. */
const head = z.object({
  format: z.literal(SNAPSHOT_FORMAT),
  version: z.int().min(1),
  saved_at: z.string(),
  covers: z.array(covered),
});

/** The first line: the head's JSON, and within it the checksum of that JSON without it. */
const HEAD_LINE = /^(\{.*),"checksum":"([0-9a-f]{8})","unfinished":\[$/s;

/**
 * `[name, sha, "s" or "f", milliseconds, checksum of the four before]`, without the checksum. What was
 * written before the half of the SHA-256 was kept has it whole.
 */
const entry = z.tuple([z.string(), z.string(), z.enum(['s', 'f']), z.number()]);

/** What follows on them: `,"01234567"]`. */
const CHECKSUM_LENGTH = 12;

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
  /** Is given, in the place of `entry`, what can be had without strings; it is good until the next. */
  plain?(entry: PlainEntry): void;
  /** Sees an entry's line before it is read. False: that was enough, for a million take seconds. */
  glance?(line: string): boolean;
};

const ENTRIES_A_CHUNK = 1000;
const BEGIN_ENTRIES = '],"entries":[';
const END = '],"count":';

/** Writes the snapshot beside its place (`temporary`), syncs it and renames it in. */
export async function writeSnapshot(
  path: string,
  content: SnapshotContent,
  temporary = `${path}.tmp`,
): Promise<void> {
  // Made anew: whatever stood there might be a link, or a FIFO that nobody reads.
  await moveDirectoryAside(temporary);
  await unlinkIfThere(temporary);
  const file = await open(temporary, 'wx', 0o644);
  try {
    // Unlike write() this goes on after a short write, so that a full disk is an error.
    for (const chunk of chunks(content)) await file.writeFile(chunk);
    await file.sync();
  } catch (error) {
    // On a full disk a part of it takes the room that others need.
    await unlinkIfThere(temporary);
    throw error;
  } finally {
    await file.close();
  }
  await moveDirectoryAside(path);
  await patientlyAsync(() => rename(temporary, path));
  await syncDirectory(dirname(path));
}

/** Each is good until the next is asked for. */
function* chunks({ covers, unfinished, entries }: SnapshotContent): Generator<Buffer> {
  const chunk = new TextBuffer();
  const saved_at = new Date().toISOString();
  const first = { format: SNAPSHOT_FORMAT, version: SNAPSHOT_VERSION, saved_at, covers };
  chunk.add(`${withChecksum(JSON.stringify(first), '"checksum":')},"unfinished":[\n`);
  chunk.add(unfinished.map((record) => JSON.stringify(encodeRecord(record))).join(',\n'));
  chunk.add(`\n${BEGIN_ENTRIES}\n`);
  let count = 0;
  for (const [name, outcome] of entries) {
    chunk.add(`${count > 0 ? ',\n' : ''}${encodeEntry(name, outcome)}`);
    if (++count % ENTRIES_A_CHUNK === 0) yield chunk.take();
  }
  chunk.add(`\n${END}${count}}\n`);
  yield chunk.take();
}

function encodeEntry(name: string, { sha, succeeded, at }: PastOutcome): string {
  return `${withChecksum(JSON.stringify([name, sha, succeeded ? 's' : 'f', at]))}]`;
}

/** JSON without its closing bracket, and in its place its checksum. */
function withChecksum(json: string, key = ''): string {
  return `${json.slice(0, -1)},${key}"${checksum(json)}"`;
}

/**
 * Reads a snapshot and reports every sound line. Returns the number of damaged lines: 0 for a
 * whole snapshot. Throws LaterVersion and the errors of the file system.
 */
export async function readSnapshot(path: string, reader: SnapshotReader): Promise<number> {
  const reading = new Reading(path, reader);
  for await (const { data } of chunksOf(path)) reading.readLines(data);
  return reading.damaged;
}

/** What was read so far. */
class Reading {
  readonly #path: string;
  readonly #reader: SnapshotReader;
  readonly #plain = new PlainEntry();
  /** The first line is the head, whatever it looks like. */
  #isHead = true;
  #count = 0;
  #expected = -1;
  #damaged = 0;

  constructor(path: string, reader: SnapshotReader) {
    this.#path = path;
    this.#reader = reader;
  }

  /** Number of damaged lines, or 1 where entries are missing. */
  get damaged(): number {
    return this.#damaged > 0 || this.#count === this.#expected ? this.#damaged : 1;
  }

  readLines(data: Buffer): void {
    for (let from = 0; from < data.length; ) {
      from = this.#readPlain(data, from) || this.#readAny(data, from);
    }
  }

  /** Gives where the next line begins, or 0 where this one is to be read like all others. */
  #readPlain(data: Buffer, from: number): number {
    if (!this.#reader.plain || this.#isHead) return 0;
    const next = this.#plain.read(data, from);
    if (next === 0) return 0;
    this.#reader.plain(this.#plain);
    this.#count++;
    return next;
  }

  #readAny(data: Buffer, from: number): number {
    const found = data.indexOf(LINE_FEED, from);
    const end = found < 0 ? data.length : found;
    if (!this.#readLine(data.toString('utf8', from, end))) this.#damaged++;
    this.#isHead = false;
    return end + 1;
  }

  /** A line says by its form what it is: so damage to one says nothing about another. */
  #readLine(line: string): boolean {
    const reader = this.#reader;
    if (this.#isHead) return readHead(this.#path, line, reader);
    if (line.startsWith('["')) {
      const isSound = reader.glance?.(line) === false || readEntry(line, reader);
      if (isSound) this.#count++;
      return isSound;
    }
    if (line.startsWith('"')) return readUnfinished(line, reader);
    if (line.startsWith(END) && line.endsWith('}')) {
      this.#expected = Number(line.slice(END.length, -1));
      return true;
    }
    return line === '' || line === BEGIN_ENTRIES;
  }
}

function readHead(path: string, line: string, reader: SnapshotReader): boolean {
  const [, fields = '', sum] = HEAD_LINE.exec(line) ?? [];
  if (checksum(`${fields}}`) !== sum) return false;
  const parsed = head.safeParse(parseJson(`${fields}}`));
  if (!parsed.success) return false;
  const { version, covers } = parsed.data;
  if (version > SNAPSHOT_VERSION) throw new LaterVersion(path, version);
  reader.covers(covers);
  return true;
}

/** The checksum is that of the line without it, so that a million need not be encoded again. */
function readEntry(line: string, reader: SnapshotReader): boolean {
  const text = line.endsWith(',') ? line.slice(0, -1) : line;
  const json = `${text.slice(0, -CHECKSUM_LENGTH)}]`;
  if (text !== `${withChecksum(json)}]`) return false;
  const parsed = entry.safeParse(parseJson(json));
  if (!parsed.success) return false;
  const [name, sha, kind, at] = parsed.data;
  reader.entry(name, { sha: keptHash(sha), succeeded: kind === 's', at });
  return true;
}

function readUnfinished(line: string, reader: SnapshotReader): boolean {
  const text = z.string().safeParse(parseJson(line.replace(/,$/, '')));
  const whole = text.success && text.data.endsWith('\n');
  const record = whole ? decodeRecord(text.data.slice(0, -1)) : null;
  if (record) reader.unfinished(record);
  return record !== null;
}
