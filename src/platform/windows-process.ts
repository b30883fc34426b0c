import { type Handle, kernel32, ntdll } from './kernel32.ts';
import { processExists } from './portable.ts';
import type { ProcessTree } from './types.ts';

const PROCESS_TERMINATE = 0x0001;
const PROCESS_SET_QUOTA = 0x0100;
const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;

/** A FILETIME. */
const time = () => Buffer.alloc(8);

export function processStart(pid: number): string | null {
  if (!kernel32) return processExists(pid) ? 'alive' : null;
  const process = kernel32.OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
  // Gone, or not for us to open. The reason that Windows keeps may be another's by the time we ask, and
  // who is taken for dead loses what it has claimed: so the list decides.
  if (process === 0n) return listedStart(pid);
  const [created, ended, inKernel, inUser] = [time(), time(), time(), time()];
  const isKnown = kernel32.GetProcessTimes(process, created, ended, inKernel, inUser) !== 0;
  kernel32.CloseHandle(process);
  // One that has ended is there as long as somebody has a handle of it.
  return isKnown && ended.readBigUInt64LE() === 0n ? String(created.readBigUInt64LE()) : null;
}

const SYSTEM_PROCESS_INFORMATION = 5;
const STATUS_INFO_LENGTH_MISMATCH = -1073741820;
/** Of CreateTime and UniqueProcessId in SYSTEM_PROCESS_INFORMATION, on every 64-bit Windows. */
const CREATE_TIME_OFFSET = 0x20;
const PROCESS_ID_OFFSET = 0x50;

/** From the list of all processes, for which nobody needs a right to any of them. */
function listedStart(pid: number): string | null {
  const list = processList();
  return list && startIn(list, pid);
}

/** `list` is one of SYSTEM_PROCESS_INFORMATION, each of which says how far the next one is; 0: none. */
export function startIn(list: Buffer, pid: number): string | null {
  for (let at = 0; ; ) {
    if (Number(list.readBigUInt64LE(at + PROCESS_ID_OFFSET)) === pid) {
      return String(list.readBigUInt64LE(at + CREATE_TIME_OFFSET));
    }
    const next = list.readUInt32LE(at);
    if (next === 0) return null;
    at += next;
  }
}

function processList(): Buffer | null {
  for (let size = 256 * 1024; ntdll && size <= 64 * 1024 * 1024; size *= 2) {
    const list = Buffer.alloc(size);
    const status = ntdll.NtQuerySystemInformation(SYSTEM_PROCESS_INFORMATION, list, size, 0n);
    if (status >= 0) return list;
    if (status !== STATUS_INFO_LENGTH_MISMATCH) return null;
  }
  return null;
}

const JOB_OBJECT_EXTENDED_LIMIT_INFORMATION = 9;
const JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000;
/** Size of JOBOBJECT_EXTENDED_LIMIT_INFORMATION and place of LimitFlags in it, on 64-bit Windows. */
const LIMITS_BYTES = 144;
const LIMIT_FLAGS_OFFSET = 16;

/** A job: whatever the process starts belongs to it, and ends with it, also where we are killed. */
export function holdTree(pid: number): ProcessTree | null {
  const system = kernel32;
  if (!system) return null;
  const process = system.OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, 0, pid);
  if (process === 0n) return null;
  const job = system.CreateJobObjectW(0n, 0n);
  const isHeld =
    job !== 0n && endsWithUs(job) && system.AssignProcessToJobObject(job, process) !== 0;
  system.CloseHandle(process);
  if (!isHeld) {
    if (job !== 0n) system.CloseHandle(job);
    return null;
  }
  return {
    end: () => void system.TerminateJobObject(job, 1),
    release: () => void system.CloseHandle(job),
  };
}

function endsWithUs(job: Handle): boolean {
  const limits = Buffer.alloc(LIMITS_BYTES);
  limits.writeUInt32LE(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, LIMIT_FLAGS_OFFSET);
  const kind = JOB_OBJECT_EXTENDED_LIMIT_INFORMATION;
  return kernel32?.SetInformationJobObject(job, kind, limits, limits.length) === 1;
}
