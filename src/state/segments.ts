import { readdirSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { patientlyAsync, renameNoReplace } from '../platform/index.ts';
import { ifThere, type Report, readable } from './files.ts';
import { syncDirectory } from './journal.ts';
import { linesOf } from './lines.ts';
import { decodeRecord, JOURNAL_VERSION, LaterVersion, type SegmentHeader } from './records.ts';

/**
 * A segment by its name. `JOURNAL` is being written, `JOURNAL.NUMBER` is sealed. Of
 * `JOURNAL.NUMBER-LIMIT` only so many bytes count: its writer was declared dead, and what it may
 * have appended since is void.
 */
export type SegmentName = {
  path: string;
  journal: string;
  /** Null for the one that is being written. */
  number: number | null;
  limit: number;
};

const SEGMENT = /^(.*\.journal)(?:\.(\d+)(?:-(\d+))?)?$/s;

export function segmentName(path: string): SegmentName {
  const [, journal = path, number, limit] = SEGMENT.exec(path) ?? [];
  return {
    path,
    journal,
    number: number === undefined ? null : Number(number),
    limit: limit === undefined ? Number.POSITIVE_INFINITY : Number(limit),
  };
}

/** The sealed segments of a journal, by number. Throws errno errors. */
export function sealedSegments(journal: string): (SegmentName & { number: number })[] {
  const prefix = `${basename(journal)}.`;
  return readdirSync(dirname(journal))
    .filter((name) => name.startsWith(prefix))
    .map((name) => segmentName(join(dirname(journal), name)))
    .flatMap((found) => {
      const { number } = found;
      return number === null || found.journal !== journal ? [] : [{ ...found, number }];
    })
    .sort((a, b) => a.number - b.number);
}

/**
 * Seals the segment that a dead instance was writing, with what counts of it in its name: everybody
 * who reads it from now on stops at the same byte. `lives`: whether that life (null: none can be read)
 * goes on, for another of its name may have come just now. Throws LaterVersion and errno errors.
 */
export async function fence(
  journal: string,
  report: Report,
  lives: (life: string | null) => boolean,
): Promise<void> {
  if (!(await readable(journal, report))) return;
  // Windows flushes only what is open for writing; elsewhere it may be root's, from a backup.
  const file = await open(journal, process.platform === 'win32' ? 'r+' : 'r');
  try {
    const { size, ino } = await file.stat({ bigint: true });
    const header = await headerOf(journal);
    if (lives(header?.life ?? null)) return;
    // Its last records may never have reached the disk, and from here on we act on them.
    await file.datasync();
    const sealed = `${journal}.${freeNumber(journal, header)}-${size}`;
    await ifThere(patientlyAsync(() => rename(journal, sealed)));
    // Had we been stopped meanwhile, that may have been the journal of the next life of this name.
    const moved = await ifThere(stat(sealed, { bigint: true }));
    if (moved && moved.ino !== ino) renameNoReplace(sealed, journal);
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(journal));
}

/** What it calls itself may be unreadable, or the name of another that was put back by hand. */
function freeNumber(journal: string, header: SegmentHeader | null): number {
  const taken = sealedSegments(journal).map(({ number }) => number);
  const own = header?.segment ?? null;
  return own === null || taken.includes(own) ? 1 + Math.max(0, ...taken) : own;
}

async function headerOf(path: string): Promise<SegmentHeader | null> {
  for await (const line of linesOf(path)) {
    const header = decodeRecord(line.text);
    if (header?.t !== 'segment') return null;
    if (header.version > JOURNAL_VERSION) throw new LaterVersion(path, header.version);
    return header;
  }
  return null;
}
