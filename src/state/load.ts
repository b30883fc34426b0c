import { constants } from 'node:fs';
import { copyFile, lstat, open, rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { readGoState } from './go-state.ts';
import type { PastOutcome } from './history.ts';
import type { SealedSegment } from './journal.ts';
import { type Memory, replaySegment } from './replay.ts';
import { type Covered, readSnapshot, SNAPSHOT_FORMAT } from './snapshot.ts';

/** Tells an operator what was found damaged (E009) or was taken over. */
export type Report = (message: string, damaged: boolean) => void;

/** What a predecessor's state is read from. */
export type Source = {
  snapshot: string;
  /** Segments that predecessors left, in any order. */
  leftSegments: readonly string[];
  instance: string;
  report: Report;
};

type Loaded = { covers: Covered[]; mended: boolean };

/**
 * Reads what is sound of the snapshot. What is damaged or the Go program's is copied aside and
 * stays in place until a whole snapshot of ours replaces it: a crash before that loses nothing.
 */
export async function loadSnapshot(options: Source, memory: Memory): Promise<Loaded> {
  const { snapshot, report } = options;
  const found = await lstatIfThere(snapshot);
  if (!found) return { covers: [], mended: false };
  if (!found.isFile()) {
    await rename(snapshot, asideName(snapshot));
    report(`${basename(snapshot)} is not a regular file; it was set aside and nothing read`, true);
    return { covers: [], mended: true };
  }
  if (!(await isOurs(snapshot))) {
    const successes = await readGoState(snapshot);
    if (successes) return takeOver(options, memory, successes);
  }
  let covers: Covered[] = [];
  const damaged = await readSnapshot(snapshot, {
    covers: (read) => {
      covers = read;
    },
    unfinished: (record) => memory.apply(record),
    entry: (name, outcome) => memory.history.set(name, outcome),
  });
  if (damaged > 0) await setAside(snapshot, memory.history.size, report);
  return { covers, mended: damaged > 0 };
}

async function isOurs(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString('latin1', 0, bytesRead).startsWith(`{"format":"${SNAPSHOT_FORMAT}"`);
  } finally {
    await file.close();
  }
}

async function takeOver(
  { snapshot, report }: Source,
  memory: Memory,
  successes: ReadonlyMap<string, PastOutcome>,
): Promise<Loaded> {
  for (const [name, outcome] of successes) memory.history.set(name, outcome);
  await copyOnce(snapshot, `${snapshot}.go-backup`);
  report(
    `took over ${successes.size} successes from the Go program's state file, kept as ` +
      `${basename(snapshot)}.go-backup`,
    false,
  );
  return { covers: [], mended: true };
}

/** Replays the segments that predecessors left and seals the one that was still being written. */
export async function loadSegments(
  options: Source,
  memory: Memory,
  covers: readonly Covered[],
): Promise<SealedSegment[]> {
  const uncovered: SealedSegment[] = [];
  for (const path of [...options.leftSegments].sort(bySegment)) {
    const reading = await replaySegment(path, memory, covers);
    if (reading.damaged > 0) await setAside(path, memory.history.size, options.report);
    const { instance = options.instance, segment = 0, bytes } = reading;
    const sealed = /\.journal$/.test(path) ? `${path}.${segment}` : path;
    if (sealed !== path) await rename(path, sealed);
    uncovered.push({ path: sealed, instance, segment, bytes });
  }
  return uncovered;
}

/** Sealed segments by number; the current one, which has none, is the newest. */
function bySegment(a: string, b: string): number {
  const number = (path: string) =>
    Number(/\.journal\.(\d+)$/.exec(path)?.[1] ?? Number.MAX_SAFE_INTEGER);
  return number(a) - number(b) || (a < b ? -1 : 1);
}

function asideName(path: string): string {
  return `${path}.damaged-${new Date().toISOString().replace(/[-:.]/g, '')}`;
}

async function setAside(path: string, kept: number, report: Report): Promise<void> {
  const aside = asideName(path);
  await copyOnce(path, aside);
  report(`${basename(path)} is damaged: ${kept} sound entries kept, a copy is ${aside}`, true);
}

async function copyOnce(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function lstatIfThere(path: string) {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
