import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { errnoOf } from '../platform/index.ts';
import { formatProblem } from './format.ts';

const onWindows = process.platform === 'win32';
/** Letters of PATH that a message quotes; the rest is counted. */
const quotedPathLength = 200;
const insteadHint = 'or use the embedded porch with -porch builtin';

/**
 * Finds the executable that `-porch` names. `builtin` stays as it is, a name with a slash is made
 * absolute, any other is looked up in PATH (`pathVariable`, with PATHEXT on Windows). Links stay
 * links, so that a porch which is replaced by moving a link is found anew at each run.
 * `problem` is one line: what was looked for, where, what is wrong with it, and the way out.
 */
export function findPorch(
  porch: string,
  pathVariable: string | undefined,
): { path: string } | { problem: string } {
  if (porch === 'builtin') return { path: porch };
  if (porch === '' || porch.includes('\0')) {
    return {
      problem: `-porch ${JSON.stringify(porch)} names no file; give a path, ${insteadHint}`,
    };
  }
  return isPath(porch) ? findByPath(porch) : findInPath(porch, pathVariable ?? '');
}

function isPath(porch: string): boolean {
  return porch.includes('/') || (onWindows && /[\\:]/.test(porch));
}

function findByPath(porch: string): { path: string } | { problem: string } {
  const path = resolve(porch);
  const wrong = whatIsWrong(path);
  if (wrong === null) return { path };
  const given = path === porch ? '' : ` (from -porch ${porch})`;
  return {
    problem: `porch cannot be run: ${path}${given} ${wrong}; name another with -porch, ${insteadHint}`,
  };
}

function findInPath(porch: string, pathVariable: string): { path: string } | { problem: string } {
  // As in Go, a program is never taken from wherever we happen to have been started.
  const directories = pathVariable.split(delimiter).filter((directory) => isAbsolute(directory));
  let near: string | null = null;
  for (const directory of directories) {
    for (const name of fileNames(porch)) {
      const path = join(directory, name);
      const wrong = whatIsWrong(path);
      if (wrong === null) return { path };
      if (wrong !== missing) near ??= `${path} ${wrong}`;
    }
  }
  const where =
    directories.length === 0
      ? 'PATH names no absolute directory'
      : `looked in PATH: ${abbreviated(directories)}`;
  const found = near === null ? '' : `; ${near}`;
  return {
    problem: `porch not found: no executable ${JSON.stringify(porch)}, ${where}${found}; give its path with -porch, ${insteadHint}`,
  };
}

/** Windows adds the endings of PATHEXT to a name that has none of them. */
function fileNames(porch: string): string[] {
  if (!onWindows) return [porch];
  const endings = (process.env.PATHEXT ?? '.COM;.EXE;.BAT;.CMD')
    .split(';')
    .filter((ending) => ending);
  const lower = porch.toLowerCase();
  if (endings.some((ending) => lower.endsWith(ending.toLowerCase()))) return [porch];
  return endings.map((ending) => porch + ending);
}

const missing = 'does not exist';

/** Why `path` cannot be run, as the end of a sentence that begins with the path; null when it can. */
function whatIsWrong(path: string): string | null {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return missing;
    if (errno === 'EACCES') return 'is in a directory that may not be entered';
    return `cannot be looked at (${errno ?? String(error)})`;
  }
  if (stats.isDirectory()) return 'is a directory, not a program';
  if (!stats.isFile()) return 'is not a regular file';
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return whyNotExecutable(stats);
  }
  return formatProblem(path)?.message ?? null;
}

function whyNotExecutable(stats: Stats): string {
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  if ((stats.mode & executeBits(stats)) === 0) {
    return `is not executable for user ${process.getuid?.()} (owner ${stats.uid}, mode ${mode}; mend with chmod a+rx)`;
  }
  // Since its mode allows it, whatever else forbids it is one of these two.
  return `has mode ${mode} but may not be executed: it is on a file system mounted noexec, or an access control list forbids it`;
}

/** The bits of a mode that decide for us: root needs any of them. */
function executeBits(stats: Stats): number {
  const uid = process.getuid?.();
  if (uid === 0) return 0o111;
  if (uid === stats.uid) return 0o100;
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  return groups.includes(stats.gid) ? 0o010 : 0o001;
}

function abbreviated(directories: readonly string[]): string {
  let text = '';
  for (const [index, directory] of directories.entries()) {
    if (text.length + directory.length > quotedPathLength && index > 0) {
      return `${text} and ${directories.length - index} more`;
    }
    text += (index > 0 ? ', ' : '') + directory;
  }
  return text;
}
