/**
 * The few calls of Windows that Node has no function for. They come through `node:ffi`, which the
 * pinned runtime has and other runtimes may not: every caller has another way beside it.
 */
import { loadFfi } from './ffi.ts';

/** What the system gives for a process or a job; 0 is none. */
export type Handle = bigint;

type Kernel32 = {
  MoveFileExW(from: Buffer, to: Buffer, flags: number): number;
  GetLastError(): number;
  GetDriveTypeW(root: Buffer): number;
  OpenProcess(access: number, inherit: number, pid: number): Handle;
  GetProcessTimes(process: Handle, ...times: [Buffer, Buffer, Buffer, Buffer]): number;
  CreateJobObjectW(attributes: bigint, name: bigint): Handle;
  SetInformationJobObject(job: Handle, kind: number, info: Buffer, length: number): number;
  AssignProcessToJobObject(job: Handle, process: Handle): number;
  TerminateJobObject(job: Handle, exitCode: number): number;
  CloseHandle(handle: Handle): number;
};

type Ntdll = {
  NtQuerySystemInformation(kind: number, info: Buffer, length: number, needed: bigint): number;
};

const ffi = process.platform === 'win32' ? loadFfi() : null;

/** The calls of this Windows, or null where they cannot be reached. */
export const kernel32: Kernel32 | null = loadKernel32();
export const ntdll: Ntdll | null = loadNtdll();

function loadKernel32(): Kernel32 | null {
  try {
    const library = ffi?.dlopen('kernel32.dll', {
      MoveFileExW: { arguments: ['buffer', 'buffer', 'u32'], return: 'i32' },
      GetLastError: { arguments: [], return: 'u32' },
      GetDriveTypeW: { arguments: ['buffer'], return: 'u32' },
      OpenProcess: { arguments: ['u32', 'i32', 'u32'], return: 'u64' },
      GetProcessTimes: {
        arguments: ['u64', 'buffer', 'buffer', 'buffer', 'buffer'],
        return: 'i32',
      },
      CreateJobObjectW: { arguments: ['u64', 'u64'], return: 'u64' },
      SetInformationJobObject: { arguments: ['u64', 'i32', 'buffer', 'u32'], return: 'i32' },
      AssignProcessToJobObject: { arguments: ['u64', 'u64'], return: 'i32' },
      TerminateJobObject: { arguments: ['u64', 'u32'], return: 'i32' },
      CloseHandle: { arguments: ['u64'], return: 'i32' },
    });
    return library?.functions ?? null;
  } catch {
    return null;
  }
}

function loadNtdll(): Ntdll | null {
  try {
    const library = ffi?.dlopen('ntdll.dll', {
      NtQuerySystemInformation: { arguments: ['i32', 'buffer', 'u32', 'u64'], return: 'i32' },
    });
    return library?.functions ?? null;
  } catch {
    return null;
  }
}

/** Text as Windows takes it: UTF-16 with a zero at its end. */
export const wide = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le');
