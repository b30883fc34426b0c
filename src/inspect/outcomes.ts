import type { PastOutcome } from '../state/history.ts';
import type { StateVisitor } from '../state/reader.ts';
import type { JournalRecord, OutcomeRecord, StartRecord } from '../state/records.ts';
import { parseStatus, type StatusFile } from './status-file.ts';

/** How many intents came to which end in the last so many minutes. */
export type Rate = { minutes: number; succeeded: number; failed: number; skipped: number };

/** An intent whose latest outcome is a failure. */
export type PastFailure = { name: string; at: number; status: StatusFile | null };

type Counts = { succeeded: number; failed: number; skipped: number };

const LONGEST_MINUTES = 60;
const HOUR_MS = LONGEST_MINUTES * 60_000;

/** Some of the newest failures drop out again when their intents succeed later. */
const SPARE = 100;

/** The end of a snapshot's entry: kind, time and checksum. */
const ENTRY_END = /"([sf])",(\d+),"[0-9a-f]{8}"\],?$/;
const TOLD = /^[0-9a-f]{8} \{"t":"(?:start|outcome)"/;

/**
 * What the state tells of the last hour: how many came to which end, which failed last, and which were
 * begun and have no outcome yet. A million entries pass by, and only what is asked for is kept.
 */
export class Outcomes implements StateVisitor {
  readonly #kept: number;
  readonly #now: () => number;
  #seconds = new Map<number, Counts>();
  /** The newest failures, the newest one first. */
  #failures: PastFailure[] = [];
  #begun = new Map<string, StartRecord>();

  /** `failures`: how many of them are wanted. */
  constructor(failures: number, now: () => number = Date.now) {
    this.#kept = failures + SPARE;
    this.#now = now;
  }

  begin(): void {
    this.#seconds.clear();
    this.#failures = [];
    this.#begun.clear();
  }

  /** Counts entries as they pass, and lets only those be read that may be told by name. */
  glance(line: string): boolean {
    const [, kind, time] = ENTRY_END.exec(line) ?? [];
    // What does not look like an entry is damaged, and counted as such where it is read.
    if (kind === undefined) return line.startsWith('["') || TOLD.test(line);
    const at = Number(time);
    this.#count(at, kind === 's' ? 'succeeded' : 'failed');
    return kind === 'f' && this.#isAmongLast(at);
  }

  entry(name: string, { succeeded, at }: PastOutcome): void {
    if (!succeeded) this.#fail({ name, at, status: null });
  }

  unfinished(record: JournalRecord): void {
    if (record.t === 'start') this.#start(record);
  }

  record(record: JournalRecord): void {
    if (record.t === 'start') this.#start(record);
    else if (record.t === 'outcome') this.#outcome(record);
  }

  /** Ends in the last minute, five minutes and hour. */
  rates(): Rate[] {
    const now = this.#now();
    this.#forgetOld(now);
    return [1, 5, LONGEST_MINUTES].map((minutes) => {
      const sum: Rate = { minutes, succeeded: 0, failed: 0, skipped: 0 };
      for (const [second, counts] of this.#seconds) {
        if (second * 1000 <= now - minutes * 60_000) continue;
        sum.succeeded += counts.succeeded;
        sum.failed += counts.failed;
        sum.skipped += counts.skipped;
      }
      return sum;
    });
  }

  /** The newest failures, the newest one first; more than were asked for. */
  get failures(): readonly PastFailure[] {
    return this.#failures;
  }

  /** What is known of the attempt that a claimed intent is at. */
  begun(name: string): { at: number; attempt: number } | null {
    return this.#begun.get(name) ?? null;
  }

  #start(record: StartRecord): void {
    if (record.run === '') this.#begun.delete(record.name);
    else this.#begun.set(record.name, record);
  }

  #outcome({ name, at, outcome, status }: OutcomeRecord): void {
    this.#begun.delete(name);
    const hasFailed = outcome === 'failed' || outcome === 'timeout';
    this.#count(at, outcome === 'skipped' ? 'skipped' : hasFailed ? 'failed' : 'succeeded');
    if (hasFailed) this.#fail({ name, at, status: parseStatus(status) });
    else this.#failures = this.#failures.filter((one) => one.name !== name || one.at > at);
  }

  #count(at: number, what: keyof Counts): void {
    const second = Math.floor(at / 1000);
    if (at <= this.#now() - HOUR_MS) return;
    const counts = this.#seconds.get(second) ?? { succeeded: 0, failed: 0, skipped: 0 };
    counts[what]++;
    this.#seconds.set(second, counts);
  }

  #fail(failure: PastFailure): void {
    const known = this.#failures.find((one) => one.name === failure.name);
    if (!this.#isAmongLast(failure.at) || (known && known.at > failure.at)) return;
    const others = this.#failures.filter((one) => one.name !== failure.name);
    const before = others.findIndex((one) => one.at <= failure.at);
    others.splice(before < 0 ? others.length : before, 0, failure);
    this.#failures = others.slice(0, this.#kept);
  }

  #isAmongLast(at: number): boolean {
    const last = this.#failures[this.#kept - 1];
    return last === undefined || at > last.at;
  }

  #forgetOld(now: number): void {
    for (const second of this.#seconds.keys()) {
      if (second * 1000 <= now - HOUR_MS) this.#seconds.delete(second);
    }
  }
}
