/**
 * getdents64(2) through `node:ffi`: the names in a directory without the objects that Node makes of
 * them, and none at all of those that nobody asks for.
 */
import { loadFfi } from './ffi.ts';
import { systemError } from './libc.ts';

/** As much as the C library asks for at a time: some 800 names. */
const BUFFER_BYTES = 32 * 1024;

/** struct linux_dirent64: the length of the record, and the name, which ends with NUL. */
const LENGTH = 16;
const NAME = 19;

/** Whether nobody has to be told of the name that lies in `bytes`, from `from` to before `end`. */
export type PassOver = (bytes: Buffer, from: number, end: number) => boolean;

/**
 * The next names in the directory of an open descriptor, those that begin with `prefix` (Latin-1, as
 * all names here, one character a byte) and are not to be passed over; null at its end. Throws errno
 * errors.
 */
export type Getdents = (directory: number, prefix: string, passOver?: PassOver) => string[] | null;

/** Null where this system has no such call, or it cannot be reached. */
export const getdents: Getdents | null = process.platform === 'linux' ? load() : null;

function load(): Getdents | null {
  const ffi = loadFfi();
  if (!ffi) return null;
  try {
    const { functions } = ffi.dlopen('libc.so.6', {
      getdents64: { arguments: ['i32', 'pointer', 'u64'], return: 'i64' },
      __errno_location: { arguments: [], return: 'pointer' },
    });
    const records = Buffer.alloc(BUFFER_BYTES);
    const recordsAt = ffi.getRawPointer(records);
    return (directory, prefix, passOver) => {
      const bytes = Number(functions.getdents64(directory, recordsAt, BigInt(BUFFER_BYTES)));
      if (bytes < 0) {
        throw systemError(ffi.getInt32(functions.__errno_location(), 0), 'getdents64');
      }
      return bytes === 0 ? null : namesIn(records.subarray(0, bytes), prefix, passOver);
    };
  } catch {
    // A C library older than the call, or another than glibc.
    return null;
  }
}

function namesIn(records: Buffer, prefix: string, passOver: PassOver = () => false): string[] {
  const names: string[] = [];
  for (let at = 0, next = 0; at < records.length; at = next) {
    next = at + records.readUInt16LE(at + LENGTH);
    const from = at + NAME;
    if (!beginsWith(records, from, prefix)) continue;
    // Behind the name a record is filled up with NULs.
    const end = records.indexOf(0, from);
    if (passOver(records, from, end)) continue;
    const name = records.toString('latin1', from, end);
    if (name !== '.' && name !== '..') names.push(name);
  }
  return names;
}

function beginsWith(bytes: Buffer, from: number, prefix: string): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[from + index] !== prefix.charCodeAt(index)) return false;
  }
  return true;
}
