import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errnoOf, renameNoReplace } from '../../src/platform/index.ts';
import type { OutcomeRecord } from '../../src/state/records.ts';
import type { StartOptions } from '../e2e/harness.ts';
import type { Spool } from '../e2e/spool.ts';
import type { Invariants } from './invariants.ts';
import { JournalArchive } from './journal-archive.ts';
import type { Made } from './traffic.ts';

/** Something that was dropped; `mtimeMs` is the modification time that it was given, if any. */
export type Entry = Made & { sha: string; mtimeMs: number | undefined };
/** What was recorded of a drop. */
type Recorded = { entry: Entry; record: OutcomeRecord };

export type LedgerOptions = {
  /** Whether the instances have clocks of their own: then their times say nothing of their order. */
  clocksApart?: boolean;
};

/**
 * Knows what was dropped in which order, and compares that with every outcome that was ever
 * recorded: one for each drop, of the right kind, and in the order of dropping for each target.
 * Programs are to be started with `startOptions`, which keep the journals that they remove.
 */
export class Ledger {
  readonly #spool: Spool;
  readonly #invariants: Invariants;
  readonly #living: JournalArchive;
  readonly #kept: string;
  readonly #entries: Entry[] = [];
  readonly #mtimesMs = new WeakMap<Made, number>();
  #latestMs = 0;

  constructor(spool: Spool, invariants: Invariants) {
    this.#spool = spool;
    this.#invariants = invariants;
    this.#living = new JournalArchive(spool.handoff);
    this.#kept = spool.path('kept');
    mkdirSync(this.#kept);
    chmodSync(this.#kept, 0o777);
  }

  get startOptions(): Omit<StartOptions, 'cwd'> {
    const preload = fileURLToPath(new URL('../tools/keep-segments.ts', import.meta.url));
    return { preload, env: { KEEP_SEGMENTS: this.#kept } };
  }

  get size(): number {
    return this.#entries.length;
  }

  /** In the order of dropping. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Drops a file; false where one of its name still waits, or handoff takes none at the moment. */
  drop(made: Made): boolean {
    const { name } = made;
    const moved = this.bring(made, (from) => moveIn(from, join(this.#spool.handoff, name)));
    if (moved) this.note(made);
    return moved;
  }

  /**
   * Makes a file and has it moved into handoff, without counting it as dropped. Each gets a
   * modification time of its own, so that their order is beyond doubt.
   */
  bring(made: Made, move: (from: string) => boolean): boolean {
    const { name, content } = made;
    const from = this.#spool.path('drops', name);
    writeFileSync(from, content);
    this.#latestMs = Math.max(Date.now(), this.#latestMs + 1);
    utimesSync(from, this.#latestMs / 1000, this.#latestMs / 1000);
    this.#mtimesMs.set(made, this.#latestMs);
    const moved = move(from);
    if (!moved) rmSync(from);
    return moved;
  }

  /** Counts a file as dropped that was brought into handoff in another way. */
  note(made: Made): void {
    const { name, content, code } = made;
    const mtimeMs = this.#mtimesMs.get(made);
    this.#entries.push({ ...made, sha: hash('sha256', content), mtimeMs });
    this.#invariants.expect(name, content, { code });
  }

  /** What is to run last of what succeeds, by target: what repeats a success is not run again. */
  get lastByTarget(): ReadonlyMap<string, Made> {
    const succeeded = new Map<string, string>();
    const last = new Map<string, Made>();
    for (const entry of this.#entries) {
      const isRepeated = succeeded.get(entry.name) === entry.sha;
      if (entry.code !== undefined) succeeded.delete(entry.name);
      else succeeded.set(entry.name, entry.sha);
      if (entry.code === undefined && !isRepeated) last.set(entry.target ?? '', entry);
    }
    return last;
  }

  /** Throws one AssertionError that lists everything that is wrong. */
  async check({ clocksApart = false }: LedgerOptions = {}): Promise<void> {
    const records = await this.#records();
    const byName = Map.groupBy(records, ({ name }) => name);
    const wrong: string[] = [];
    const recorded: Recorded[] = [];
    for (const [name, entries] of Map.groupBy(this.#entries, (entry) => entry.name)) {
      const records = byName.get(name) ?? [];
      const own = clocksApart ? inDropOrder(entries, records) : records;
      byName.delete(name);
      if (own.length !== entries.length) {
        wrong.push(`${name}: ${entries.length} drops, ${own.length} outcomes on record`);
        continue;
      }
      wrong.push(...wrongOutcomes(entries, own));
      wrong.push(...this.#wrongStatus(entries));
      for (const [at, record] of own.entries()) {
        const entry = entries[at];
        const isOnlyOne = entries.filter(({ sha }) => sha === entry?.sha).length === 1;
        if (entry && (isOnlyOne || !clocksApart)) recorded.push({ entry, record });
      }
    }
    for (const name of byName.keys()) wrong.push(`${name} is on record and was never dropped`);
    wrong.push(...this.#wrongOrder(recorded, clocksApart));
    assert.equal(wrong.length, 0, `${wrong.length} things are wrong:\n- ${wrong.join('\n- ')}`);
  }

  /** Every outcome record there ever was, those of each name in the order of recording. */
  async #records(): Promise<OutcomeRecord[]> {
    const kept = new JournalArchive(this.#kept);
    await kept.collect();
    await this.#living.collect();
    const both = [...kept.outcomes, ...this.#living.outcomes];
    const bySeq = new Map(both.map((record) => [record.seq, record]));
    return [...bySeq.values()].sort((a, b) => a.at - b.at);
  }

  #wrongStatus(entries: readonly Entry[]): string[] {
    const last = entries.at(-1);
    const status = this.#spool.status(last?.name ?? '');
    if (!status || status.sha256 === '' || status.sha256 === last?.sha) return [];
    return [`the status of ${last?.name} is not that of the last drop`];
  }

  #wrongOrder(recorded: readonly Recorded[], clocksApart: boolean): string[] {
    const order = new Map(this.#entries.map((entry, at) => [entry, at]));
    const ofTargets = recorded.filter(({ entry }) => entry.target !== undefined);
    const wrong: string[] = [];
    for (const [target, those] of Map.groupBy(ofTargets, ({ entry }) => entry.target)) {
      those.sort((a, b) => (order.get(a.entry) ?? 0) - (order.get(b.entry) ?? 0));
      those.reduce((before, after) => {
        if (isRecordedBefore(after.record, before.record, clocksApart)) {
          wrong.push(
            `${target}: ${after.entry.name} was recorded before ${before.entry.name}, ` +
              `which was dropped first\n${shown(before)}\n${shown(after)}`,
          );
        }
        return after;
      });
    }
    return wrong;
  }
}

/**
 * The records of a name, each in the place of a drop of its content, where their times say nothing. Of
 * drops with the same content it is not known which is whose.
 */
function inDropOrder(
  entries: readonly Entry[],
  records: readonly OutcomeRecord[],
): OutcomeRecord[] {
  let succeeded = '';
  const left = [...records];
  const inOrder = entries.flatMap(({ sha, code }) => {
    const skips = sha === succeeded && code === undefined;
    succeeded = code === undefined ? sha : '';
    const same = (record: OutcomeRecord) => record.sha === sha || record.sha === '';
    const best = left.findIndex((record) => same(record) && isSkip(record) === skips);
    const at = best >= 0 ? best : Math.max(0, left.findIndex(same));
    return left.splice(at, 1);
  });
  return [...inOrder, ...left];
}

const isSkip = ({ outcome }: OutcomeRecord): boolean => outcome === 'skipped';

/** Each record speaks of its drop's content and says what was to become of it. */
function wrongOutcomes(entries: readonly Entry[], records: readonly OutcomeRecord[]): string[] {
  let succeeded = '';
  return entries.flatMap(({ name, sha, code }, at) => {
    const { sha: recordedSha, outcome } = records[at] ?? { sha: '', outcome: 'nothing' };
    const expected = code !== undefined ? 'failed' : sha === succeeded ? 'skipped' : 'success';
    succeeded = code === undefined ? sha : '';
    if (recordedSha !== sha && recordedSha !== '') {
      return [`${name}: record ${at + 1} speaks of other content than drop ${at + 1}`];
    }
    return outcome === expected ? [] : [`${name}: drop ${at + 1} is ${outcome}, not ${expected}`];
  });
}

/** Within a life the number decides, between two of them the time, if their clocks agree. */
function isRecordedBefore(a: OutcomeRecord, b: OutcomeRecord, clocksApart: boolean): boolean {
  const [lifeA, numberA] = a.seq.split('-');
  const [lifeB, numberB] = b.seq.split('-');
  if (lifeA === lifeB) return Number(numberA) < Number(numberB);
  return !clocksApart && a.at < b.at;
}

function shown({ entry: { name, sha, mtimeMs }, record }: Recorded): string {
  const at = (ms: number | undefined) => (ms === undefined ? '?' : new Date(ms).toISOString());
  const { seq, outcome } = record;
  return `  ${name} ${sha.slice(0, 8)}: dropped ${at(mtimeMs)}, ${outcome} ${at(record.at)} as ${seq}`;
}

/** Never over another file. */
export function moveIn(from: string, to: string): boolean {
  try {
    return renameNoReplace(from, to) === 'moved';
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    throw error;
  }
}
