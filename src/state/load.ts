import { basename } from 'node:path';
import {
  copyOnce,
  identityOf,
  ifThere,
  keepCopy,
  type Report,
  readable,
  unlinkIfThere,
} from './files.ts';
import { readGoState } from './go-state.ts';
import type { PastOutcome } from './history.ts';
import type { SealedSegment } from './journal.ts';
import { recallFiled } from './recall.ts';
import { Memory, replaySegment } from './replay.ts';
import { fence, type SegmentName, segmentName } from './segments.ts';
import { type Covered, readSnapshot } from './snapshot.ts';
import { type Others, Tails } from './tails.ts';

/** What the state is read from. */
export type Source = {
  snapshot: string;
  /** Paths of all state files that lie in handoff, as of now. */
  stateFiles(): Promise<readonly string[]>;
  others: Others;
  instance: string;
  /** Directory of the status files: where the state is damaged, they know outcomes too. */
  status: string;
  report: Report;
};

/** What was read. */
export type Loaded = {
  memory: Memory;
  tails: Tails;
  covers: Covered[];
  /** Sealed segments of journals that nobody writes any more. */
  uncovered: SealedSegment[];
  /** Something was damaged or taken over: a snapshot would say something else than the one there. */
  mended: boolean;
};

/**
 * Reads the whole state. While others live they may write a snapshot meanwhile, and remove segments
 * that it covers and the one before did not: then it is read again.
 */
export async function load(options: Source): Promise<Loaded> {
  for (;;) {
    const before = await identityOf(options.snapshot);
    const loaded = await loadOnce(options);
    if (!loaded.tails.any || before === (await identityOf(options.snapshot))) return loaded;
    loaded.tails.close();
  }
}

async function loadOnce(options: Source): Promise<Loaded> {
  const { others } = options;
  const memory = new Memory();
  let damaged = false;
  let mended = false;
  const report: Report = (message, isDamage) => {
    damaged ||= isDamage;
    mended = true;
    options.report(message, isDamage);
  };
  const source = { ...options, report };
  const ended = await endJournals(source);
  const covers = await loadSnapshot(source, memory);
  // They lie among all that waits. Where we are alone and have sealed none, they are what they were.
  const isSame = !ended.sealed && others.names().length === 0;
  const files = isSame ? ended.files : await source.stateFiles();
  const uncovered = await loadSegments(source, files, memory, covers);
  if (damaged) await recallFiled(source, memory.history);
  const known = [...uncovered, ...covers];
  const tails = new Tails(others, known, (record) => memory.apply(record));
  tails.catchUp();
  return { memory, tails, covers, uncovered, mended };
}

/**
 * Seals what dead instances were writing, and removes what they had not written to its end. Gives the
 * state files that there were before, and whether one was sealed.
 */
async function endJournals({ others, stateFiles, report }: Source) {
  const files = await stateFiles();
  let sealed = false;
  for (const path of files) {
    if (path.endsWith('.journal') && others.isOurs(path)) {
      sealed = true;
      await fence(path, report, (life) => others.isInPlace(path, life));
    }
    if (path.endsWith('.tmp') && others.names().length === 0) await unlinkIfThere(path);
  }
  return { files, sealed };
}

/** Sealed segments by number, so that the records of one instance are read in their order. */
function sealedBy(
  { others }: Source,
  files: readonly string[],
): (SegmentName & { number: number })[] {
  const theirs = new Set(others.names().map((name) => others.journalOf(name)));
  return files
    .map(segmentName)
    .flatMap((found) => {
      const { number, journal } = found;
      return number === null || theirs.has(journal) ? [] : [{ ...found, number }];
    })
    .sort((a, b) => a.number - b.number || (a.path < b.path ? -1 : 1));
}

/**
 * Reads what is sound of the snapshot, and gives what it covers. What is damaged or the Go program's
 * is copied aside and stays in place until a whole snapshot of ours replaces it: a crash before that
 * loses nothing.
 */
async function loadSnapshot(options: Source, memory: Memory): Promise<Covered[]> {
  const { snapshot, report } = options;
  if (!(await readable(snapshot, report))) return [];
  const successes = await readGoState(snapshot);
  if (successes) {
    await takeOver(options, memory, successes);
    return [];
  }
  let covers: Covered[] = [];
  const damaged = await readSnapshot(snapshot, {
    covers: (read) => {
      covers = read;
    },
    unfinished: (record) => memory.apply(record),
    entry: (name, outcome) => memory.history.set(name, outcome),
    plain: (entry) => memory.history.setPlain(entry),
  });
  if (damaged > 0) await keepCopy(snapshot, memory.history.size, report);
  return covers;
}

async function takeOver(
  { snapshot, report }: Source,
  memory: Memory,
  successes: ReadonlyMap<string, PastOutcome>,
): Promise<void> {
  for (const [name, outcome] of successes) memory.history.set(name, outcome);
  await copyOnce(snapshot, `${snapshot}.go-backup`);
  report(
    `took over ${successes.size} successes from the Go program's state file, kept as ` +
      `${basename(snapshot)}.go-backup`,
    false,
  );
}

/** Replays the sealed segments of journals that are none of the others'. */
async function loadSegments(
  source: Source,
  files: readonly string[],
  memory: Memory,
  covers: readonly Covered[],
): Promise<SealedSegment[]> {
  const uncovered: SealedSegment[] = [];
  for (const segment of sealedBy(source, files)) {
    // One that is gone by now is covered by a snapshot.
    const read = await ifThere(loadSegment(source, segment, memory, covers));
    if (read) uncovered.push(read);
  }
  return uncovered;
}

async function loadSegment(
  { instance: ours, report }: Source,
  { path, number, limit }: SegmentName & { number: number },
  memory: Memory,
  covers: readonly Covered[],
): Promise<SealedSegment | null> {
  if (!(await readable(path, report))) return null;
  const reading = await replaySegment(path, memory, covers, limit);
  if (reading.damaged > 0) await keepCopy(path, memory.history.size, report);
  const { instance = ours, bytes } = reading;
  return { path, instance, segment: number, bytes };
}
