import { History } from './history.ts';
import { linesOf } from './lines.ts';
import type { JournalRecord, OutcomeRecord, StartRecord } from './records.ts';
import { decodeRecord } from './records.ts';
import type { Covered } from './snapshot.ts';

/** An intent that was begun or recorded, but has not reached its place. */
export type Unfinished = {
  start?: StartRecord;
  outcome?: OutcomeRecord;
};

/** What the journals say, taken together: replayed at the start, kept up to date by the store. */
export class Memory {
  readonly history = new History();
  readonly unfinished = new Map<string, Unfinished>();
  /** Names of the recorded but unfiled, by sequence number. */
  #unfiled = new Map<string, string>();

  apply(record: JournalRecord): void {
    if (record.t === 'start') this.#start(record);
    else if (record.t === 'outcome') this.#outcome(record);
    else if (record.t === 'redirected') this.#redirected(record.seq, record.to);
    else if (record.t === 'filed') for (const seq of record.seqs) this.#filed(seq);
    else if (record.t === 'pruned') this.history.prune(record.before);
  }

  #start(record: StartRecord): void {
    const nothingToSay = record.attempt === 0 && record.deaths === 0;
    if (nothingToSay) this.unfinished.delete(record.name);
    else this.unfinished.set(record.name, { start: record });
  }

  #outcome(record: OutcomeRecord): void {
    this.unfinished.set(record.name, { ...this.unfinished.get(record.name), outcome: record });
    this.#unfiled.set(record.seq, record.name);
    if (record.outcome === 'skipped') return;
    const succeeded = record.outcome === 'success';
    this.history.set(record.name, { sha: record.sha, succeeded, at: record.at });
  }

  #redirected(seq: string, to: string): void {
    const outcome = this.unfinished.get(this.#unfiled.get(seq) ?? '')?.outcome;
    if (outcome?.seq === seq) outcome.to = to;
  }

  #filed(seq: string): void {
    const name = this.#unfiled.get(seq);
    if (name === undefined) return;
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
  /** Damaged lines in the middle. A torn last line is not damage: it is what a crash leaves. */
  damaged: number;
};

/**
 * Replays one segment into the memory, but for what a snapshot covers of it.
 * Throws the errors of the file system.
 */
export async function replaySegment(
  path: string,
  memory: Memory,
  covers: readonly Covered[],
): Promise<SegmentReading> {
  const reading: SegmentReading = { bytes: 0, damaged: 0 };
  let skipTo = 0;
  let doubtful = 0;
  for await (const line of linesOf(path)) {
    const start = reading.bytes;
    reading.bytes += line.bytes;
    const record = line.whole ? decodeRecord(line.text) : null;
    if (!record) {
      doubtful++;
      continue;
    }
    reading.damaged += doubtful;
    doubtful = 0;
    if (record.t === 'segment') {
      reading.instance = record.instance;
      reading.segment = record.segment;
      skipTo = coveredBytes(covers, record.instance, record.segment);
    } else if (start >= skipTo) {
      memory.apply(record);
    }
  }
  return reading;
}

function coveredBytes(covers: readonly Covered[], instance: string, segment: number): number {
  const covered = covers
    .filter((one) => one.instance === instance && one.segment >= segment)
    .reduce((last, one) => (one.segment > last.segment ? one : last), { segment: -1, bytes: 0 });
  return covered.segment > segment ? Number.POSITIVE_INFINITY : covered.bytes;
}
