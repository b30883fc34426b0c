import { readdirSync, readFileSync } from 'node:fs';

/** What /proc tells of a running process. Linux only. */

/** Milliseconds on a processor of all threads: proc(5), /proc/PID/task/TID/schedstat, first field. */
export function cpuMs(pid: number): number {
  return sumOfThreads(pid, 'schedstat', (text) => Number(text.split(' ')[0]) / 1e6);
}

/** How often its threads have gone to sleep of themselves so far, and so were woken. */
export function wakeUps(pid: number): number {
  return sumOfThreads(pid, 'status', (text) => field(text, 'voluntary_ctxt_switches'));
}

export function residentMb(pid: number): number {
  return field(readFileSync(`/proc/${pid}/status`, 'latin1'), 'VmRSS') / 1024;
}

/** The most that was ever resident. */
export function peakMb(pid: number): number {
  return field(readFileSync(`/proc/${pid}/status`, 'latin1'), 'VmHWM') / 1024;
}

/**
 * Milliseconds on a processor of all children of this process that have ended, and of theirs: proc(5),
 * /proc/PID/stat, cutime and cstime, in hundredths of a second.
 */
export function endedChildrenMs(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  // The name of the program, in brackets, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[13]) + Number(fields[14]));
}

function sumOfThreads(pid: number, file: string, value: (text: string) => number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    return sum + value(readFileSync(`/proc/${pid}/task/${thread}/${file}`, 'latin1'));
  }, 0);
}

const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]);
