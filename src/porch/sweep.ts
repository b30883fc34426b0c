import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';

/** What is known of a process since its environment was read. */
type Known = {
  /** Inode and creation of its /proc directory: a new process of the same number has others. */
  ino: number;
  ctimeMs: number;
  /** Null for a process that is no run of ours. */
  runId: string | null;
  /** False just after a fork, when a process still has our environment: its own comes with exec. */
  lasting: boolean;
  ended: boolean;
};

const marker = Buffer.from('CONDUCTOR_RUN_ID=');

/**
 * Ends processes that left the group of their run (setsid, daemons), found by the
 * `CONDUCTOR_RUN_ID` in their environment. What a process was found to be is remembered, so that a
 * repeated sweep costs one stat(2) for each process that it knows.
 *
 * Linux only, elsewhere nothing is found: Windows ends the tree, and macOS shows the environment of
 * others to no one. What escapes: a process that cleared or overwrote its environment, that became
 * another user's, or that runs where we cannot see it (another host, a daemon asked to start it).
 *
 * A process seen in the instant between fork and exec has the environment of its parent. Our own
 * are told apart by that; for the runs of another instance take a new Sweeper.
 */
export class Sweeper {
  #known = new Map<number, Known>();

  /** SIGKILLs every process whose run id `isStray` accepts; returns how many were newly ended. */
  endStrays(isStray: (runId: string) => boolean): number {
    if (process.platform !== 'linux') return 0;
    const ownEnvironment = readEnvironment(process.pid);
    const stillThere = new Map<number, Known>();
    let ended = 0;
    for (const pid of processes()) {
      const known = this.#recognise(pid, ownEnvironment);
      if (known === null) continue;
      if (known.lasting) stillThere.set(pid, known);
      if (known.runId === null || known.ended || !isStray(known.runId)) continue;
      if (isOurselves(pid) || !kill(pid)) continue;
      known.ended = true;
      ended++;
    }
    this.#known = stillThere;
    return ended;
  }

  /** Null where there is nothing to remember: gone, or not yet what it is going to be. */
  #recognise(pid: number, ownEnvironment: Buffer | null): Known | null {
    const stats = look(pid);
    // What belongs to another user we could not end; it may be ours again after its next exec.
    if (stats === null || !mayEnd(stats.uid)) return null;
    const { ino, ctimeMs } = stats;
    const known = this.#known.get(pid);
    if (known?.ino === ino && known.ctimeMs === ctimeMs) return known;
    const environment = readEnvironment(pid);
    // Empty in the middle of an exec, and for zombies and kernel threads.
    if (environment === null || environment.length === 0) return null;
    const lasting = ownEnvironment?.equals(environment) !== true;
    return { ino, ctimeMs, runId: runIdOf(environment), lasting, ended: false };
  }
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
  for (let ancestor = process.pid; ancestor > 0; ancestor = parentOf(ancestor)) {
    if (ancestor === pid) return true;
  }
  return false;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name stands in parentheses and may hold any character; the parent is field 4.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
