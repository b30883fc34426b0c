import { History } from './history.ts';
import { keptHash } from './kept-hash.ts';
import { linesOf } from './lines.ts';
import type { JournalRecord, OutcomeRecord, StartRecord } from './records.ts';
import { decodeRecord, JOURNAL_VERSION, LaterVersion } from './records.ts';
import type { Covered } from './snapshot.ts';

/** An intent that was begun or recorded, but has not reached its place. */
export type Unfinished = {
  start?: StartRecord;
  outcome?: OutcomeRecord;
};

/** Of no two journals one is read so late that more names than these were ended between. */
const ENDED_KEPT = 10_000;

/**
 * What the journals say, taken together: replayed at the start, kept up to date by the store. Those of
 * several instances may be read in any order, for records of one name tell by their time (`at`) which
 * came later: by then a name had been filed before it was begun again.
 */
export class Memory {
  readonly history = new History();
  readonly unfinished = new Map<string, Unfinished>();
  /** When names were last given back or skipped, of which the history says nothing. */
  #ended = new Map<string, number>();
  /** Names of the recorded but unfiled, by sequence number. */
  #unfiled = new Map<string, string>();
  /** Filed by another than who recorded them, and read of that before they were. */
  #filedAhead = new Set<string>();
  #prunedBefore = Number.NEGATIVE_INFINITY;

  apply(record: JournalRecord): void {
    if (record.t === 'start') this.#start(record);
    else if (record.t === 'outcome') this.#outcome(record);
    else if (record.t === 'redirected') this.#redirected(record.seq, record.to);
    else if (record.t === 'filed') for (const seq of record.seqs) this.#filed(seq);
    else if (record.t === 'pruned') this.prune(record.before);
  }

  /** Forgets outcomes older than `before`, those too that are read later; returns how many. */
  prune(before: number): number {
    this.#prunedBefore = Math.max(this.#prunedBefore, before);
    return this.history.prune(before);
  }

  /** When the latest that is known of a name happened. */
  latest(name: string): number {
    const { start, outcome } = this.unfinished.get(name) ?? {};
    const known = [start?.at, outcome?.at, this.history.get(name)?.at, this.#ended.get(name)];
    return Math.max(...known.map((at) => at ?? 0));
  }

  #start(record: StartRecord): void {
    const { name, attempt, deaths, at } = record;
    if (at < this.latest(name)) return;
    if (attempt > 0 || deaths > 0) {
      this.unfinished.set(name, { start: record });
    } else {
      this.unfinished.delete(name);
      this.#end(name, at);
    }
  }

  #outcome(record: OutcomeRecord): void {
    const { name, seq, at } = record;
    const latest = this.latest(name);
    this.#remember(record);
    // Where the name was begun again since, this one is filed. What is as old as the history may be
    // from a snapshot, which has it there and does not say that it is unfinished.
    if (at < latest) return;
    this.unfinished.set(name, { ...this.unfinished.get(name), outcome: record });
    this.#unfiled.set(seq, name);
    if (this.#filedAhead.delete(seq)) this.#filed(seq);
  }

  #remember({ name, sha, outcome, at }: OutcomeRecord): void {
    const last = Math.max(this.#prunedBefore, this.history.get(name)?.at ?? 0);
    if (outcome === 'skipped') this.#end(name, at);
    else if (at >= last) {
      this.history.set(name, { sha: keptHash(sha), succeeded: outcome === 'success', at });
    }
  }

  #end(name: string, at: number): void {
    const last = Math.max(at, this.#ended.get(name) ?? 0);
    this.#ended.delete(name);
    this.#ended.set(name, last);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > ENDED_KEPT && oldest !== undefined) this.#ended.delete(oldest);
  }

  #redirected(seq: string, to: string): void {
    const outcome = this.unfinished.get(this.#unfiled.get(seq) ?? '')?.outcome;
    if (outcome?.seq === seq) outcome.to = to;
  }

  #filed(seq: string): void {
    const name = this.#unfiled.get(seq);
    if (name === undefined) {
      this.#filedAhead.add(seq);
      return;
    }
    this.#unfiled.delete(seq);
    if (this.unfinished.get(name)?.outcome?.seq === seq) this.unfinished.delete(name);
  }
}

/** What came of reading one segment. */
export type SegmentReading = {
  /** Of the segment that was read; undefined where its first record is damaged. */
  instance?: string;
  segment?: number;
  bytes: number;
  /**
   * Lines that cannot be read. A last one without its line feed does not count: it is what an
   * interrupted write leaves, and nobody was ever told what it says.
   */
  damaged: number;
};

/**
 * Replays one segment into the memory, but for what a snapshot covers of it and what lies behind
 * `limit` bytes. Throws LaterVersion and the errors of the file system.
 */
export async function replaySegment(
  path: string,
  memory: Memory,
  covers: readonly Covered[],
  limit = Number.POSITIVE_INFINITY,
): Promise<SegmentReading> {
  const reading: SegmentReading = { bytes: 0, damaged: 0 };
  let skipTo = 0;
  for await (const line of linesOf(path)) {
    const start = reading.bytes;
    reading.bytes += line.bytes;
    if (!line.whole || reading.bytes > limit) break;
    const record = decodeRecord(line.text);
    if (!record) {
      reading.damaged++;
    } else if (record.t === 'segment') {
      if (record.version > JOURNAL_VERSION) throw new LaterVersion(path, record.version);
      reading.instance = record.instance;
      reading.segment = record.segment;
      skipTo = coveredBytes(covers, record.instance, record.segment);
    } else if (start >= skipTo) {
      memory.apply(record);
    }
  }
  return reading;
}

/** How many bytes of a segment a snapshot holds. */
export function coveredBytes(
  covers: readonly Covered[],
  instance: string,
  segment: number,
): number {
  const covered = covers
    .filter((one) => one.instance === instance && one.segment >= segment)
    .reduce((last, one) => (one.segment > last.segment ? one : last), { segment: -1, bytes: 0 });
  return covered.segment > segment ? Number.POSITIVE_INFINITY : covered.bytes;
}
