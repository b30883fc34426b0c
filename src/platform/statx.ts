/**
 * statx(2) through `node:ffi`: a look at one entry of an open directory, without a path to walk and
 * without the objects that Node makes of all that the kernel tells of a file.
 */
import { loadFfi } from './ffi.ts';
import type { Found } from './looker.ts';

/** NUL-terminated: no file system has longer names than PATH_MAX. */
const NAME_BYTES = 4096;
const STATX_BYTES = 256;

const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_TYPE = 0x1;
const STATX_MTIME = 0x40;

/** struct statx of linux/stat.h, the same on all processors: stx_mode, and stx_mtime's two parts. */
const MODE = 0x1c;
const SECONDS = 0x70;
const NANOSECONDS = 0x78;

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;

/**
 * Looks at `rawName` (Latin-1, one character a byte) in the directory of an open descriptor; null
 * where the call fails, for whatever reason.
 */
export type Statx = (directory: number, rawName: string) => Found | null;

/** Null where this system has no such call, or it cannot be reached. */
export const statx: Statx | null = process.platform === 'linux' ? load() : null;

function load(): Statx | null {
  const ffi = loadFfi();
  if (!ffi) return null;
  try {
    const { functions } = ffi.dlopen('libc.so.6', {
      statx: { arguments: ['i32', 'pointer', 'i32', 'u32', 'pointer'], return: 'i32' },
    });
    // To take an address costs more than the call.
    const [name, found] = [Buffer.alloc(NAME_BYTES), Buffer.alloc(STATX_BYTES)];
    const [nameAt, foundAt] = [ffi.getRawPointer(name), ffi.getRawPointer(found)];
    const fields = new DataView(found.buffer, found.byteOffset, found.length);
    return (directory, rawName) => {
      name[name.write(rawName, 0, NAME_BYTES - 1, 'latin1')] = 0;
      const mask = STATX_TYPE | STATX_MTIME;
      const failed = functions.statx(directory, nameAt, AT_SYMLINK_NOFOLLOW, mask, foundAt);
      if (failed) return null;
      return {
        isDirectory: (fields.getUint16(MODE, true) & S_IFMT) === S_IFDIR,
        mtimeMs: mtimeMs(fields),
      };
    };
  } catch {
    // A C library older than the call, or another than glibc.
    return null;
  }
}

/** Seconds are signed and fit into a double. Node computes it in the same way, to the last bit. */
function mtimeMs(fields: DataView): number {
  const seconds = fields.getInt32(SECONDS + 4, true) * 2 ** 32 + fields.getUint32(SECONDS, true);
  return seconds * 1000 + fields.getUint32(NANOSECONDS, true) / 1e6;
}
