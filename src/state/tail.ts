import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { errnoOf } from '../platform/index.ts';
import { decodeRecord, type JournalRecord, type SegmentHeader } from './records.ts';
import { sealedSegments } from './segments.ts';

/**
 * What a look at another's journal came to. `current`: all is read that it has said so far. `ended`:
 * all is read, and nobody writes it any more. `unknown`: its writer may have been declared dead, and
 * how much of the rest counts is not known yet.
 */
export type TailState = 'current' | 'ended' | 'unknown';

/** The segment that is being written, held open. */
type Current = { file: number; header: SegmentHeader };

const HEADER_BYTES = 4096;

/** Reads the journal of another instance as it grows, from segment to segment. */
export class Tail {
  readonly #journal: string;
  readonly #apply: (record: JournalRecord) => void;
  #segment: number;
  #bytes: number;
  #current: Current | null = null;

  /** Begins behind so many bytes of a segment; 0 is before the first one. */
  constructor(
    journal: string,
    from: { segment: number; bytes: number },
    apply: (record: JournalRecord) => void,
  ) {
    this.#journal = journal;
    this.#segment = from.segment;
    this.#bytes = from.bytes;
    this.#apply = apply;
  }

  /** How far it is read. */
  get position(): { segment: number; bytes: number } {
    return { segment: this.#segment, bytes: this.#bytes };
  }

  /**
   * Reads on. `inPlace` tells whether the lease of a life still stands: what lies in the journal
   * while it does was there before anybody could declare that one dead. Throws errno errors.
   */
  catchUp(inPlace: (life: string) => boolean): TailState {
    for (;;) {
      const current = this.#openCurrent();
      if (current?.header.segment === this.#segment) {
        const { records, bytes } = this.#read(current.file, Number.POSITIVE_INFINITY);
        if (!this.#isCurrent(current)) continue;
        if (!inPlace(current.header.life)) return 'unknown';
        this.#take(records, bytes);
        return 'current';
      }
      if (!this.#readSealed()) {
        if (current === null) return this.#ended();
        // What lies between is covered by a snapshot that was read before.
        this.#begin(current.header.segment);
      }
    }
  }

  close(): void {
    if (this.#current !== null) closeSync(this.#current.file);
    this.#current = null;
  }

  /** Reads the next sealed segment to its end; false where there is none. */
  #readSealed(): boolean {
    const next = sealedSegments(this.#journal).find(({ number }) => number >= this.#segment);
    if (next === undefined) return false;
    if (next.number > this.#segment) this.#begin(next.number);
    const file = openIfThere(next.path);
    if (file === null) return false;
    try {
      this.#take(this.#read(file, next.limit).records, 0);
    } finally {
      closeSync(file);
    }
    this.#begin(next.number + 1);
    return true;
  }

  /** Where nothing is left, whoever bears this name next begins to count anew. */
  #ended(): TailState {
    if (sealedSegments(this.#journal).length === 0) this.#begin(0);
    return 'ended';
  }

  #begin(segment: number): void {
    this.#segment = segment;
    this.#bytes = 0;
  }

  #take(records: readonly JournalRecord[], bytes: number): void {
    for (const record of records) this.#apply(record);
    this.#bytes += bytes;
  }

  /** The whole lines from where we are up to `limit`. A line that cannot be read says nothing. */
  #read(file: number, limit: number): { records: JournalRecord[]; bytes: number } {
    const end = Math.min(fstatSync(file).size, limit);
    const data = readAll(file, this.#bytes, end - this.#bytes);
    const bytes = data.lastIndexOf(10) + 1;
    const lines = data.toString('utf8', 0, bytes).split('\n').slice(0, -1);
    return { records: lines.map(decodeRecord).filter((record) => record !== null), bytes };
  }

  #openCurrent(): Current | null {
    if (this.#current !== null && this.#isCurrent(this.#current)) return this.#current;
    this.close();
    const file = openIfThere(this.#journal);
    if (file === null) return null;
    const header = headerOf(file);
    if (header === null) closeSync(file);
    else this.#current = { file, header };
    return this.#current;
  }

  /** Whether the journal's path still leads to it. */
  #isCurrent({ file }: Current): boolean {
    const found = statSync(this.#journal, { bigint: true, throwIfNoEntry: false });
    const { dev, ino } = fstatSync(file, { bigint: true });
    return found?.ino === ino && found.dev === dev;
  }
}

function headerOf(file: number): SegmentHeader | null {
  const [line = ''] = readAll(file, 0, HEADER_BYTES).toString('utf8').split('\n');
  const record = decodeRecord(line);
  return record?.t === 'segment' ? record : null;
}

function readAll(file: number, from: number, length: number): Buffer {
  const data = Buffer.alloc(Math.max(0, length));
  let done = 0;
  while (done < data.length) {
    const count = readSync(file, data, done, data.length - done, from + done);
    if (count === 0) break;
    done += count;
  }
  return data.subarray(0, done);
}

function openIfThere(path: string): number | null {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
