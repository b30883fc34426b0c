/**
 * The few C library calls that Node has no function for. They come through `node:ffi`, which the
 * pinned runtime has and other runtimes may not: every caller has a portable way beside it.
 */
import { getSystemErrorMap } from 'node:util';
import { loadFfi } from './ffi.ts';

type Libc = {
  renameat2(from: Buffer, to: Buffer, flags: number): number;
  syncfs(fd: number): number;
  /** Begins syncfs in a thread of the C library's, which has nothing of Node; its errno, or the thread. */
  beginSyncfs(fd: number): { errno: number } | { thread: bigint };
  /** What syncfs returned to that thread, which is gone then; null until it has. */
  endOfSyncfs(thread: bigint): number | null;
  prctl(option: number, argument: bigint): number;
  waitid(kind: number, id: number, info: Buffer, options: number): number;
  socket(domain: number, type: number): number;
  sendto(fd: number, message: Buffer, flags: number, to: Buffer): number;
  /** Gives what has been freed back to the system. */
  trim(): void;
  /** Threads that begin from now on have no memory of their own to allocate from. */
  shareMemory(): void;
  errno(): number;
};

const AT_FDCWD = -100;
const EBUSY = 16;
/** mallopt(3) */
const M_ARENA_MAX = -8;

/** The C library of this Linux system, or null where it cannot be reached. */
export const libc: Libc | null = process.platform === 'linux' ? load() : null;

function load(): Libc | null {
  const ffi = loadFfi();
  if (!ffi) return null;
  try {
    const { lib, functions } = ffi.dlopen('libc.so.6', {
      renameat2: { arguments: ['i32', 'buffer', 'i32', 'buffer', 'u32'], return: 'i32' },
      syncfs: { arguments: ['i32'], return: 'i32' },
      prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
      waitid: { arguments: ['i32', 'u32', 'buffer', 'i32'], return: 'i32' },
      socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
      sendto: { arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'], return: 'i64' },
      malloc_trim: { arguments: ['u64'], return: 'i32' },
      mallopt: { arguments: ['i32', 'i32'], return: 'i32' },
      __errno_location: { arguments: [], return: 'pointer' },
    });
    // Before glibc 2.34 these were in a library of their own, which Node has loaded.
    const { functions: threads } = ffi.dlopen(null, {
      pthread_create: { arguments: ['buffer', 'pointer', 'pointer', 'u64'], return: 'i32' },
      pthread_tryjoin_np: { arguments: ['u64', 'buffer'], return: 'i32' },
    });
    // In all calling conventions of Linux a thread's pointer argument and its result lie where the
    // int of syncfs do.
    const syncfs = lib.getSymbol('syncfs');
    return {
      renameat2: (from, to, flags) => functions.renameat2(AT_FDCWD, from, AT_FDCWD, to, flags),
      syncfs: (fd) => functions.syncfs(fd),
      beginSyncfs: (fd) => {
        const thread = new BigUint64Array(1);
        const errno = threads.pthread_create(thread, 0n, syncfs, BigInt(fd));
        return errno === 0 ? { thread: thread[0] ?? 0n } : { errno };
      },
      endOfSyncfs: (thread) => {
        const result = new BigInt64Array(1);
        const isOver = threads.pthread_tryjoin_np(thread, result) !== EBUSY;
        return isOver ? Number(BigInt.asIntN(32, result[0] ?? 0n)) : null;
      },
      prctl: (option, argument) => functions.prctl(option, argument, 0n, 0n, 0n),
      waitid: (kind, id, info, options) => functions.waitid(kind, id, info, options),
      socket: (domain, type) => functions.socket(domain, type, 0),
      sendto: (fd, message, flags, to) => {
        const length = BigInt(message.length);
        return Number(functions.sendto(fd, message, length, flags, to, to.length));
      },
      trim: () => void functions.malloc_trim(0n),
      shareMemory: () => void functions.mallopt(M_ARENA_MAX, 1),
      errno: () => ffi.getInt32(functions.__errno_location(), 0),
    };
  } catch {
    // Another C library than glibc.
    return null;
  }
}

/** An error as Node would throw it, from the number that the C library left behind. */
export function systemError(errno: number, call: string, path?: string): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(-errno) ?? ['EIO', 'unknown error'];
  const where = path === undefined ? '' : ` '${path}'`;
  const error = new Error(`${code}: ${text}, ${call}${where}`);
  return Object.assign(error, { code, errno: -errno, syscall: call });
}
