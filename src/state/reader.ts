import { lstat } from 'node:fs/promises';
import { identityOf, ifThere } from './files.ts';
import { readGoState } from './go-state.ts';
import type { PastOutcome } from './history.ts';
import { linesOf } from './lines.ts';
import { decodeRecord, JOURNAL_VERSION, type JournalRecord, LaterVersion } from './records.ts';
import { coveredBytes } from './replay.ts';
import { segmentName } from './segments.ts';
import { type Covered, readSnapshot } from './snapshot.ts';

/** Whoever looks at the state from outside, and what he is told. */
export type StateVisitor = {
  /** All is told anew from here on: forget what was told before. */
  begin(): void;
  /**
   * Sees a line of the snapshot's entries or of a journal before it is checked and decoded. False: that
   * was enough, for to decode a million takes seconds.
   */
  glance(line: string): boolean;
  entry(name: string, outcome: PastOutcome): void;
  /** Of an intent that was not filed when the snapshot was written. An outcome has its entry too. */
  unfinished(record: JournalRecord): void;
  /** A record that the snapshot does not cover. */
  record(record: JournalRecord, instance: string): void;
};

/** How far a journal file is read, and what it says of itself. */
type Position = { bytes: number; instance: string; skipTo: number };

/** A snapshot that is replaced again and again while we read: what there is then must do. */
const TRIES = 3;

const isHeader = (line: string): boolean => line.startsWith('{"t":"segment"', 9);

/**
 * Reads the state for those who only look: nothing is moved aside, sealed, mended or removed, and
 * what cannot be read is counted and passed over. Each look reads on where the one before ended,
 * and all anew when the snapshot was replaced.
 */
export class StateReader {
  readonly #snapshot: string;
  readonly #stateFiles: () => Promise<readonly string[]>;
  #identity: string | null = null;
  #covers: readonly Covered[] = [];
  #damaged = 0;
  /** By inode: a journal keeps it when it is sealed. */
  #positions = new Map<bigint, Position>();

  /** `stateFiles` gives the paths of all journal files, as of now. */
  constructor(snapshot: string, stateFiles: () => Promise<readonly string[]>) {
    this.#snapshot = snapshot;
    this.#stateFiles = stateFiles;
  }

  /** Lines that could not be read, since the latest `begin`. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Throws LaterVersion and errno errors. */
  async readOn(visitor: StateVisitor): Promise<void> {
    for (let tries = 1; ; tries++) {
      const identity = await identityOf(this.#snapshot);
      if (identity !== this.#identity) await this.#begin(identity, visitor);
      await this.#readJournals(visitor);
      // The instance that wrote another one meanwhile may have removed journals that it covers.
      if (tries === TRIES || identity === (await identityOf(this.#snapshot))) return;
    }
  }

  async #begin(identity: string, visitor: StateVisitor): Promise<void> {
    this.#identity = identity;
    this.#covers = [];
    this.#damaged = 0;
    this.#positions.clear();
    visitor.begin();
    if (identity !== '') await ifThere(this.#readSnapshot(visitor));
  }

  async #readSnapshot(visitor: StateVisitor): Promise<void> {
    const successes = await readGoState(this.#snapshot);
    for (const [name, outcome] of successes ?? []) visitor.entry(name, outcome);
    if (successes) return;
    this.#damaged += await readSnapshot(this.#snapshot, {
      covers: (covers) => {
        this.#covers = covers;
      },
      unfinished: (record) => visitor.unfinished(record),
      entry: (name, outcome) => visitor.entry(name, outcome),
      glance: (line) => visitor.glance(line),
    });
  }

  async #readJournals(visitor: StateVisitor): Promise<void> {
    const segments = (await this.#stateFiles())
      .map(segmentName)
      .sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity));
    for (const { path, limit } of segments) await ifThere(this.#readJournal(path, limit, visitor));
  }

  async #readJournal(path: string, limit: number, visitor: StateVisitor): Promise<void> {
    const found = await lstat(path, { bigint: true });
    if (!found.isFile()) return;
    const at = this.#positions.get(found.ino) ?? { bytes: 0, instance: '', skipTo: 0 };
    this.#positions.set(found.ino, at);
    for await (const line of linesOf(path, at.bytes)) {
      if (!line.whole || at.bytes + line.bytes > limit) break;
      const start = at.bytes;
      at.bytes += line.bytes;
      if (isHeader(line.text)) this.#readHeader(path, line.text, at);
      else if (start >= at.skipTo && visitor.glance(line.text)) {
        const record = decodeRecord(line.text);
        if (record) visitor.record(record, at.instance);
        else this.#damaged++;
      }
    }
  }

  #readHeader(path: string, line: string, at: Position): void {
    const header = decodeRecord(line);
    if (header?.t !== 'segment') {
      this.#damaged++;
      return;
    }
    if (header.version > JOURNAL_VERSION) throw new LaterVersion(path, header.version);
    at.instance = header.instance;
    at.skipTo = coveredBytes(this.#covers, header.instance, header.segment);
  }
}
