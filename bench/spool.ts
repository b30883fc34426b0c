import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A directory of the bench, with a handoff directory and room for what comes out. */
export type Spool = { root: string; handoff: string; out: string; log: string };

let place: string | undefined;

/** Where everything of this run of the bench lies. */
export function benchDirectory(): string {
  place ??= mkdtempSync(join(tmpdir(), 'conductor-bench-'));
  return place;
}

/**
 * Removes what all lines have left. Not after each measurement: ext4 passes over inodes that were
 * freed in the last half minute one by one, and whatever is measured next would pay for it.
 */
export function removeBenchDirectory(): void {
  if (place !== undefined) rmSync(place, { recursive: true });
}

export function makeSpool(): Spool {
  const root = mkdtempSync(join(benchDirectory(), 'spool-'));
  const spool = {
    root,
    handoff: join(root, 'handoff'),
    out: join(root, 'out'),
    log: join(root, 'log'),
  };
  mkdirSync(spool.handoff);
  mkdirSync(spool.out);
  writeFileSync(spool.log, '');
  return spool;
}

/** Another place for what comes out and is logged, of the same handoff directory. */
export function anotherRun({ handoff }: Spool): Spool {
  return { ...makeSpool(), handoff };
}

export const nameOf = (index: number): string =>
  `intent-bench-${String(index).padStart(7, '0')}.json`;

/** An intent with a target of its own, so that none has to wait for another. */
export function intentText(index: number, priority?: number): string {
  const intent = {
    intent_type: 'scaling',
    target: `bench-${index}`,
    namespace: `bench-${index % 10}`,
    replicas: index % 10,
    reason: 'measured',
    source: 'test',
    correlation_id: `bench-${index}`,
    ...(priority === undefined ? {} : { priority }),
  };
  return `${JSON.stringify(intent, null, 2)}\n`;
}

/** Drops intents that have settled long ago, and has the disk forget that it was busy with them. */
export function dropBacklog({ handoff }: Spool, count: number): void {
  const begun = Date.now() / 1000 - 3600;
  for (let index = 0; index < count; index++) {
    const path = join(handoff, nameOf(index));
    writeFileSync(path, intentText(index));
    utimesSync(path, begun, begun + index / 1000);
  }
  spawnSync('sync');
}

export type Drops = { first: number; count: number; perSecond: number; priority?: number };

/** Drops intents at an even pace, each by a rename. Gives when each was dropped: ms since 1970. */
export async function dropEvenly({ handoff }: Spool, drops: Drops): Promise<Map<string, number>> {
  const dropped = new Map<string, number>();
  const begun = performance.now();
  for (let index = 0; index < drops.count; index++) {
    const waitMs = begun + (index * 1000) / drops.perSecond - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const name = nameOf(drops.first + index);
    const temporary = join(handoff, '.being-written');
    writeFileSync(temporary, intentText(drops.first + index, drops.priority));
    dropped.set(name, performance.timeOrigin + performance.now());
    renameSync(temporary, join(handoff, name));
  }
  return dropped;
}
