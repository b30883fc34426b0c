import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { isBatch } from './batch.ts';

const onWindows = process.platform === 'win32';
/** An ELF header; other binary formats have a zero byte well before its end. */
const header = Buffer.alloc(64);
const scriptMark = Buffer.from('#!');
const elfMark = Buffer.from('\x7fELF');
const windowsMark = Buffer.from('MZ');
const notForWindows = 'is neither a program of Windows (.exe, .com) nor a batch file (.cmd, .bat)';

/**
 * What makes a file one that we must not start, or null; the message follows on the file's name.
 * execvp(3) gives what the kernel refuses (ENOEXEC) to /bin/sh, where a copy that was cut short to
 * nothing ends with success, and a binary for another processor is read as a script. So such files
 * are refused here. On Windows a program begins with `MZ`, or is a batch file (batch.ts), of which
 * an empty one ends with success, too.
 * A file that cannot be read, only executed, is left to the kernel.
 */
export function formatProblem(path: string, stamp = stampOf(path)): FormatProblem | null {
  const message = fileProblem(path, stamp);
  return message === null ? null : { errno: 'ENOEXEC', message };
}

export type FormatProblem = { errno: string; message: string };

/** Tells one state of a file from another; null where it cannot be looked at. */
export function stampOf(path: string): string | null {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return null;
  }
}

type LookedInto = { path: string; stamp: string; problem: string | null };

let latest: LookedInto | null = null;

/** A program that has not changed since is not looked into again. */
function fileProblem(path: string, stamp: string | null): string | null {
  if (stamp === null) return null;
  if (latest?.path !== path || latest.stamp !== stamp) {
    latest = { path, stamp, problem: contentProblem(path) };
  }
  return latest.problem;
}

function contentProblem(path: string): string | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const begin = header.subarray(0, readSync(fd, header, 0, header.length, 0));
    if (begin.length === 0) return 'is empty';
    if (onWindows) {
      return isBatch(path) || begin.subarray(0, 2).equals(windowsMark) ? null : notForWindows;
    }
    if (begin.subarray(0, 2).equals(scriptMark)) return null;
    if (begin.subarray(0, 4).equals(elfMark)) return elfProblem(begin, fstatSync(fd).size);
    if (begin.includes(0)) return null;
    return 'is neither a binary nor a script whose first line names its interpreter (#!/bin/sh)';
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

const cutShort = 'is cut short';

/** elf(5): only what a 64-bit file of our own byte order says is looked at. */
function elfProblem(begin: Buffer, size: number): string | null {
  if (begin.length < header.length) return cutShort;
  if (begin[4] !== 2 || begin[5] !== (endianness() === 'LE' ? 1 : 2)) return null;
  const view = new DataView(begin.buffer, begin.byteOffset, begin.length);
  const little = begin[5] === 1;
  const short = (at: number) => view.getUint16(at, little);
  const long = (at: number) => Number(view.getBigUint64(at, little));
  const programHeadersEnd = long(32) + short(54) * short(56);
  const sectionHeadersEnd = long(40) + short(58) * short(60);
  if (Math.max(programHeadersEnd, sectionHeadersEnd) > size) return cutShort;
  const ours = machines[process.arch];
  if (ours === undefined || short(18) === ours || emulatorsRegistered()) return null;
  return `is built for another processor than this one (${process.arch})`;
}

/** e_machine of elf(5) by the names of `process.arch`. */
const machines: Record<string, number> = { x64: 62, arm64: 183 };

/** binfmt_misc lists one file for each registered format beside its own two. */
function emulatorsRegistered(): boolean {
  try {
    return readdirSync('/proc/sys/fs/binfmt_misc').some(
      (name) => name !== 'register' && name !== 'status',
    );
  } catch {
    return false;
  }
}
