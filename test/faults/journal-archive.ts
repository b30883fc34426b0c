import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isJournalSegment } from '../../src/spool/layout.ts';
import { linesOf } from '../../src/state/lines.ts';
import { decodeRecord, type OutcomeRecord } from '../../src/state/records.ts';
import { segmentName } from '../../src/state/segments.ts';
import { readSnapshot } from '../../src/state/snapshot.ts';

/** An outcome record, and where in whose journal it stands. */
type Archived = {
  record: OutcomeRecord;
  life: string;
  segment: number;
  /** Where it ends, in bytes. */
  end: number;
};

/**
 * Every outcome that was ever seen on record. Programs remove their journals, so these are read
 * again and again while they are there, and what they say is remembered by sequence number.
 */
export class JournalArchive {
  readonly #handoff: string;
  readonly #outcomes = new Map<string, Archived>();
  /** How many bytes count, by `LIFE SEGMENT`, where the writer was declared dead. */
  readonly #limits = new Map<string, number>();

  constructor(handoff: string) {
    this.#handoff = handoff;
  }

  /** All valid outcome records: what an instance wrote after it was declared dead is void. */
  get outcomes(): OutcomeRecord[] {
    return [...this.#outcomes.values()]
      .filter(({ life, segment, end }) => {
        return end <= (this.#limits.get(`${life} ${segment}`) ?? Number.POSITIVE_INFINITY);
      })
      .map(({ record }) => record);
  }

  /** Reads all journals and the snapshot that are there now. */
  async collect(): Promise<void> {
    // A living program may seal a segment between the listing and the reading: then once more.
    for (let before = '', now = this.#listing(); now !== before; now = this.#listing()) {
      before = now;
      for (const path of this.segments()) await ifThere(this.#readSegment(path));
      await ifThere(this.#readSnapshot());
    }
  }

  /** The journal segments that are there now. */
  segments(): string[] {
    return readdirSync(this.#handoff)
      .filter(isJournalSegment)
      .map((name) => join(this.#handoff, name));
  }

  get #snapshot(): string {
    return join(this.#handoff, '.conductor-state.json');
  }

  #listing(): string {
    const identity = (path: string) => {
      // Not how long it is: one that grows is read again before its end.
      return `${path} ${statSync(path, { throwIfNoEntry: false })?.ino}`;
    };
    return [...this.segments(), this.#snapshot].map(identity).join('\n');
  }

  async #readSegment(path: string): Promise<void> {
    const { limit } = segmentName(path);
    let header = { life: '', segment: 0 };
    let end = 0;
    for await (const { text, bytes, whole } of linesOf(path)) {
      end += bytes;
      const record = whole ? decodeRecord(text) : null;
      if (record?.t === 'segment') {
        header = record;
        if (Number.isFinite(limit)) {
          this.#limits.set(`${record.life} ${record.segment}`, limit);
        }
      }
      if (record?.t === 'outcome') {
        const { life, segment } = header;
        this.#outcomes.set(record.seq, { record, life, segment, end });
      }
    }
  }

  /** What the snapshot holds unfinished was in a journal too, that may be gone by now. */
  async #readSnapshot(): Promise<void> {
    await readSnapshot(this.#snapshot, {
      covers: () => {},
      entry: () => {},
      unfinished: (record) => {
        if (record.t !== 'outcome' || this.#outcomes.has(record.seq)) return;
        this.#outcomes.set(record.seq, { record, life: '', segment: 0, end: 0 });
      },
    });
  }
}

async function ifThere(reading: Promise<void>): Promise<void> {
  await reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
