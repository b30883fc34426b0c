import { crc32 } from 'node:zlib';
import * as z from 'zod';

/**
 * The records of the journal, format version 1 (docs/state-format.md). One record a line:
 * CRC-32 of the JSON text as eight hex digits, a space, the JSON text, a line feed.
 */
export const JOURNAL_VERSION = 1;

const identity = z.object({ ino: z.string(), size: z.number(), mtimeNs: z.string() });

/**
 * First record of each segment: whose it is, and which one. It keeps its form in later versions of
 * the format, so that this one can tell them from damage.
 */
const segment = z.object({
  t: z.literal('segment'),
  version: z.int().min(1),
  instance: z.string(),
  segment: z.number(),
  /** Names one run of the program. */
  life: z.string(),
  created: z.string(),
});

/** An attempt begins, or (without a run) none runs any more: not waited for, only remembered. */
const start = z.object({
  t: z.literal('start'),
  name: z.string(),
  sha: z.string(),
  id: identity,
  /** How often porch was begun for this content, this time included. */
  attempt: z.number(),
  /** `CONDUCTOR_RUN_ID`; empty where the intent was given back or its run died. */
  run: z.string(),
  /** How often a worker or the program has died while this intent ran. */
  deaths: z.number(),
  /** As of an outcome. */
  at: z.number(),
});

/** What became of an intent: synced before anything is moved or reported. */
const outcome = z.object({
  t: z.literal('outcome'),
  /** Unique for ever: the life that recorded it, and a number that counts on. */
  seq: z.string(),
  name: z.string(),
  /** SHA-256 in hex; empty where the content was never read. */
  sha: z.string(),
  /** Null where the file could not be looked at. */
  id: identity.nullable(),
  outcome: z.enum(['success', 'failed', 'timeout', 'skipped']),
  /** Destination below handoff, such as `processed/intent-a.json`. */
  to: z.string(),
  /** The status file's text, whole. */
  status: z.string(),
  /** The error log's text, where there is one. */
  log: z.string().optional(),
  /**
   * Milliseconds since 1970, but always more than in any earlier record of this name, whoever wrote
   * it: so records of one name have an order that no clock can change.
   */
  at: z.number(),
});

/** The destination of a recorded outcome had to change: something else took the name. */
const redirected = z.object({ t: z.literal('redirected'), seq: z.string(), to: z.string() });

/** Outcomes whose files have reached their place. */
const filed = z.object({ t: z.literal('filed'), seqs: z.array(z.string()) });

/** History older than this was pruned. */
const pruned = z.object({ t: z.literal('pruned'), before: z.number() });

const record = z.discriminatedUnion('t', [segment, start, outcome, redirected, filed, pruned]);

export type JournalRecord = z.infer<typeof record>;
export type SegmentHeader = z.infer<typeof segment>;
export type StartRecord = z.infer<typeof start>;
export type OutcomeRecord = z.infer<typeof outcome>;

/** The run of the program that a `seq` or a `run` (LIFE-NUMBER) is of; empty where there is none. */
export const lifeOf = (id: string): string => id.split('-')[0] ?? '';

/** The record as the journal holds it. */
export function encodeRecord(value: JournalRecord): string {
  const text = JSON.stringify(value);
  return `${checksum(text)} ${text}\n`;
}

/** The record of one line (without its line feed), or null where the line is damaged. */
export function decodeRecord(line: string): JournalRecord | null {
  const text = line.slice(9);
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(text)) return null;
  const parsed = record.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

/** Undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A state file that this version cannot read, though it is sound. Taking it for damage would run
 * again what it says is done.
 */
export class LaterVersion extends Error {
  constructor(path: string, version: number) {
    super(
      `${path} was written by a later version of conductor-loop (format ${version}): ` +
        'use that version, or move the file away and everything dropped again runs again',
    );
  }
}

/** CRC-32 (the one of zlib and PNG) as eight hex digits. */
export function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
