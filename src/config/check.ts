import { accessSync, constants, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import process from 'node:process';
import { isAllowed } from '../platform/deno.ts';
import { findPorch } from '../porch/find.ts';
import type { Settings } from './settings.ts';

/** What stands in the way of a start with these settings, one line each; changes nothing. */
export function checkPaths(settings: Settings): string[] {
  const porch = findPorch(settings.porch, process.env.PATH);
  return [
    ...checkHandoff(settings.handoff),
    ...checkOut(settings.out, settings.handoff),
    ...('problem' in porch ? [porch.problem] : []),
    ...checkRuns(settings.porch),
  ];
}

/** A list of programs in --allow-run is for starting them: signals need all of it. */
function checkRuns(porch: string): string[] {
  if (porch === 'builtin' || isAllowed('run')) return [];
  return [
    'porch needs --allow-run without a list of programs: else Deno forbids to end what porch has started; or use the embedded porch with -porch builtin',
  ];
}

function checkHandoff(handoff: string): string[] {
  const found = look(handoff);
  if (found.kind === 'problem') return [`handoff directory ${handoff} ${found.problem}`];
  if (found.kind === 'present') return checkDirectory('handoff directory', handoff, found.stats);
  const parent = dirname(handoff);
  const above = look(parent);
  if (above.kind === 'present') {
    return checkDirectory(
      `cannot create handoff directory ${handoff}: its parent`,
      parent,
      above.stats,
    );
  }
  return [
    `handoff directory ${handoff} does not exist, nor does its parent; create ${parent} first, or name another with -handoff`,
  ];
}

function checkOut(out: string, handoff: string): string[] {
  const inside = relative(realPath(handoff), realPath(out));
  if (
    inside === '' ||
    (inside !== '..' && !inside.startsWith(`..${sep}`) && !isOtherDrive(inside))
  ) {
    return [
      `out directory ${out} is inside the handoff directory ${handoff}; name another with -out`,
    ];
  }
  const found = look(out);
  if (found.kind === 'problem') return [`out directory ${out} ${found.problem}`];
  if (found.kind === 'present') return checkDirectory('out directory', out, found.stats);
  return [];
}

function checkDirectory(what: string, path: string, stats: Stats): string[] {
  if (!stats.isDirectory()) return [`${what} ${path} is a file, not a directory`];
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return [];
  } catch {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    const user = process.getuid?.();
    const who = user === undefined ? 'us' : `user ${user}`;
    return [
      `${what} ${path} cannot be read and written by ${who} (owner ${stats.uid}, mode ${mode}, or a read-only file system)`,
    ];
  }
}

type Found =
  | { kind: 'present'; stats: Stats }
  | { kind: 'absent' }
  | { kind: 'problem'; problem: string };

function look(path: string): Found {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? { kind: 'absent' } : { kind: 'present', stats };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'problem', problem: `cannot be looked at: ${reason}` };
  }
}

/** The path with every link followed, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/** On Windows there is no relative path between two drives. */
function isOtherDrive(path: string): boolean {
  return /^[A-Za-z]:/.test(path) || path.startsWith('\\\\');
}
