import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';

/** What is known of a process since its environment was read. */
type Known = {
  /** Inode and creation of its /proc directory: a new process of the same number has others. */
  ino: number;
  ctimeMs: number;
  /** Null for a process that is no run of ours. */
  runId: string | null;
  /**
   * For a process that one of our runs has started, whatever its environment: how many runs had
   * begun when it was first seen. Null for all others.
   */
  begunBefore: number | null;
  /** False until its environment is its own, which comes with exec. */
  lasting: boolean;
  ended: boolean;
};

/** What is known of the runs, for processes that do not tell whose they are. */
export type Runs = {
  /** How many have begun. */
  begun: number;
  /** The number of the oldest that is under way, from 1; infinite where none is. */
  oldest: number;
};

const marker = Buffer.from('CONDUCTOR_RUN_ID=');

/**
 * Ends processes that left the group of their run (setsid, daemons), found by the
 * `CONDUCTOR_RUN_ID` in their environment. What a process was found to be is remembered, so that a
 * repeated sweep costs one stat(2) for each process that it knows.
 *
 * Where we adopt orphans, whatever a run has started stays below us in the tree of processes. So one
 * that does not say whose it is (it cleared its environment) is ended once all runs are over that
 * had begun when it was first seen.
 *
 * Linux only, elsewhere nothing is found: Windows ends the tree, and macOS shows the environment of
 * others to no one. What escapes: a process that became another user's, or that runs where we
 * cannot see it (another host, a daemon asked to start it).
 *
 * A process seen in the instant between fork and exec has the environment of its parent. Our own
 * are told apart by that; for the runs of another instance take a new Sweeper.
 */
export class Sweeper {
  #known = new Map<number, Known>();
  #dying = 0;

  /** How many of those that were ended had not gone yet when the last sweep met them. */
  get dying(): number {
    return this.#dying;
  }

  /**
   * SIGKILLs every process whose run id `isStray` accepts, and those below us that no run under way
   * can have started; returns how many were newly ended. Without `runs` only the run id counts.
   */
  endStrays(isStray: (runId: string) => boolean, runs: Runs | null = null): number {
    if (process.platform !== 'linux') return 0;
    const ownEnvironment = readEnvironment(process.pid);
    const stillThere = new Map<number, Known>();
    let ended = 0;
    this.#dying = 0;
    for (const pid of processes()) {
      const known = this.#recognise(pid, ownEnvironment, runs);
      if (known === null) continue;
      stillThere.set(pid, known);
      if (known.ended) this.#dying++;
      if (known.ended || !isLeft(known, isStray, runs)) continue;
      if (isOurselves(pid) || !kill(pid)) continue;
      known.ended = true;
      ended++;
    }
    this.#known = stillThere;
    return ended;
  }

  /** Null where there is nothing to remember: gone, or nothing that we could end. */
  #recognise(pid: number, ownEnvironment: Buffer | null, runs: Runs | null): Known | null {
    const stats = look(pid);
    // What belongs to another user we could not end; it may be ours again after its next exec.
    if (stats === null || !mayEnd(stats.uid)) return null;
    const { ino, ctimeMs } = stats;
    const before = this.#known.get(pid);
    const known = before?.ino === ino && before.ctimeMs === ctimeMs ? before : null;
    if (known?.lasting) return known;
    const environment = readEnvironment(pid);
    // Empty it is in the middle of an exec, for zombies and kernel threads, and where it was cleared.
    if (environment === null) return null;
    const isOwn = ownEnvironment?.equals(environment) === true;
    return {
      ...{ ino, ctimeMs, runId: runIdOf(environment), ended: known?.ended ?? false },
      begunBefore: known ? known.begunBefore : begunBefore(pid, isOwn, runs),
      lasting: environment.length > 0 && !isOwn,
    };
  }
}

/** What shares our environment is no run's: a run gets one of its own. */
function begunBefore(pid: number, isOwn: boolean, runs: Runs | null): number | null {
  return runs !== null && !isOwn && isBelowUs(pid) ? runs.begun : null;
}

/** Whether it is left of a run that is over. */
function isLeft(known: Known, isStray: (runId: string) => boolean, runs: Runs | null): boolean {
  if (known.runId !== null && isStray(known.runId)) return true;
  return runs !== null && known.begunBefore !== null && known.begunBefore < runs.oldest;
}

/** Empty where there is no /proc: then nothing can be found. */
function processes(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function look(pid: number): Stats | null {
  try {
    return statSync(`/proc/${pid}`, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

function mayEnd(uid: number): boolean {
  const ourUid = process.geteuid?.();
  return ourUid === 0 || ourUid === uid;
}

/** Null where it may not be read or its process is gone. */
function readEnvironment(pid: number): Buffer | null {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return null;
  }
}

/** proc(5): the entries as they were at exec, each ended by a zero byte. */
function runIdOf(environment: Buffer): string | null {
  let at = environment.indexOf(marker);
  while (at > 0 && environment[at - 1] !== 0) at = environment.indexOf(marker, at + 1);
  if (at === -1) return null;
  const end = environment.indexOf(0, at);
  return environment.toString('utf8', at + marker.length, end === -1 ? environment.length : end);
}

/** We may ourselves have been started by a porch: neither we nor an ancestor is ever ended. */
function isOurselves(pid: number): boolean {
  return isOrIsBelow(process.pid, pid);
}

function isBelowUs(pid: number): boolean {
  return pid !== process.pid && isOrIsBelow(pid, process.pid);
}

function isOrIsBelow(pid: number, ancestor: number): boolean {
  let below = pid;
  for (let at = pid; at > 0; ) {
    if (at === ancestor) return true;
    const parent = processStat(at)?.parent;
    if (parent !== undefined) {
      below = at;
      at = parent;
      continue;
    }
    if (at === pid) return false;
    // Where a parent has ended meanwhile, its child has another one now. Where it has not, it is
    // another user's and hidden from us (hidepid, ProtectProc): neither we nor a child of ours.
    const another = processStat(below)?.parent;
    if (another === at) return false;
    at = another ?? pid;
  }
  return false;
}

function processStat(pid: number): { state: string; parent: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name stands in parentheses and may hold any character; state and parent follow.
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

/** False where it may not be ended, or has ended and only waits to be reaped. */
function kill(pid: number): boolean {
  if (processStat(pid)?.state === 'Z') return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
