import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { processScope, processStart } from '../../platform/index.ts';

/**
 * Names beside a package while it is replaced. No package begins with a dot, and a hash stands for
 * the package's name because names of 253 bytes have no room for more.
 * - `.HASH.old`: the package that is being replaced. One for each package, so that whoever comes
 *   next finds it; between two renames it is the only copy.
 * - `.HASH.PID-SCOPE-START-THREAD-N.new` and `.gone`: a package not yet in place, and one that is
 *   no longer wanted. Never the only copy of anything; the name tells whose it is.
 */
const oldName = /^\.[0-9a-f]{16}\.old$/;
const scratchName = /^\.[0-9a-f]{16}\.(\d+)-([0-9a-f]{8})-([0-9a-f]{8})-\d+-\d+\.(?:new|gone)$/;

const digest = (text: string, length: number) =>
  createHash('sha256').update(text).digest('hex').slice(0, length);

const packageHash = (name: string) => digest(name, 16);

let scope: string | undefined;
const scopeOfThisProcess = () => {
  scope ??= digest(processScope(), 8);
  return scope;
};

const startOf = (pid: number) => {
  const start = processStart(pid);
  return start === null ? null : digest(start, 8);
};

let maker: string | undefined;
let made = 0;

/** A path beside the package that nobody else uses. */
export function scratchPath(dir: string, kind: 'new' | 'gone'): string {
  maker ??= `${process.pid}-${scopeOfThisProcess()}-${startOf(process.pid) ?? '0'.repeat(8)}-${threadId}`;
  made += 1;
  return join(dirname(dir), `.${packageHash(basename(dir))}.${maker}-${made}.${kind}`);
}

/** Where the package goes while it is replaced. */
export function oldPath(dir: string): string {
  return join(dirname(dir), `.${packageHash(basename(dir))}.old`);
}

/** Whether the file name is that of a package put aside. */
export function isOld(entry: string): boolean {
  return oldName.test(entry);
}

/**
 * Who made the scratch directory of this file name: `alive`, `dead`, or `unknown` where it was made
 * in another container or on another host; null where the name is no scratch name.
 */
export function makerOf(entry: string): 'alive' | 'dead' | 'unknown' | null {
  const [, pid, madeIn, start] = scratchName.exec(entry) ?? [];
  if (pid === undefined) return null;
  if (madeIn !== scopeOfThisProcess()) return 'unknown';
  return startOf(Number(pid)) === start ? 'alive' : 'dead';
}
