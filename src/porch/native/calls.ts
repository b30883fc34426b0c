/**
 * The C library calls of the native spawner, through `node:ffi`. Sources: posix_spawn(3),
 * pidfd_open(2), poll(2), pipe(2), waitpid(2); constants are those of glibc on Linux, which are the
 * same on x86-64 and arm64.
 */
import { loadFfi, systemError } from '../../platform/index.ts';

/** posix_spawnattr_t and posix_spawn_file_actions_t have 336 and 80 bytes in glibc. */
const OPAQUE_BYTES = 1024;
/** V8 may keep a buffer of up to 64 bytes in its heap, where the collector moves it. */
const MOVABLE_BYTES = 128;

const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const O_CLOEXEC = 0o2000000;
const SYS_PIDFD_OPEN = 434n;
const WNOHANG = 1;
const POLLIN = 1;

/** What one poll waits for. */
export type PollEntry = { fd: number; ready: boolean };

export type Calls = {
  /** Two ends, neither of which a child inherits. Throws errno errors. */
  pipe(): { read: number; write: number };
  /**
   * Starts a program in a session of its own, with default signals, standard input at its end and
   * its output on two pipes. Returns its pid. Throws errno errors.
   */
  spawn(path: string, args: string[], env: string[], stdout: number, stderr: number): number;
  /** A descriptor that is readable once the process has ended. Throws errno errors. */
  openPid(pid: number): number;
  /** Waits until an entry is ready or the time is over, and says in the entries which are. */
  poll(entries: PollEntry[], timeoutMs: number): void;
  /** Reaps one child: its wait status, or null where it has not ended. */
  reap(pid: number): number | null;
};

/** Opens the C library. Throws where it, or one of the calls, is not there. */
export function openCalls(): Calls {
  const ffi = loadFfi();
  if (!ffi) throw new Error('this runtime has no node:ffi');
  const { functions: c } = ffi.dlopen('libc.so.6', {
    pipe2: { arguments: ['buffer', 'i32'], return: 'i32' },
    posix_spawn: {
      arguments: ['buffer', 'buffer', 'buffer', 'buffer', 'buffer', 'buffer'],
      return: 'i32',
    },
    posix_spawnattr_init: { arguments: ['buffer'], return: 'i32' },
    posix_spawnattr_setflags: { arguments: ['buffer', 'i16'], return: 'i32' },
    posix_spawnattr_setsigdefault: { arguments: ['buffer', 'buffer'], return: 'i32' },
    posix_spawnattr_setsigmask: { arguments: ['buffer', 'buffer'], return: 'i32' },
    posix_spawn_file_actions_init: { arguments: ['buffer'], return: 'i32' },
    posix_spawn_file_actions_addopen: {
      arguments: ['buffer', 'i32', 'buffer', 'i32', 'u32'],
      return: 'i32',
    },
    posix_spawn_file_actions_adddup2: { arguments: ['buffer', 'i32', 'i32'], return: 'i32' },
    posix_spawn_file_actions_destroy: { arguments: ['buffer'], return: 'i32' },
    poll: { arguments: ['buffer', 'u64', 'i32'], return: 'i32' },
    waitpid: { arguments: ['i32', 'buffer', 'i32'], return: 'i32' },
    syscall: { arguments: ['i64', 'i64', 'i64'], return: 'i64' },
    __errno_location: { arguments: [], return: 'pointer' },
  });
  const errno = () => ffi.getInt32(c.__errno_location(), 0);
  const attributes = Buffer.alloc(OPAQUE_BYTES);
  const actions = Buffer.alloc(OPAQUE_BYTES);
  const numbers = Buffer.alloc(MOVABLE_BYTES);
  const devNull = Buffer.from('/dev/null\0');
  c.posix_spawnattr_init(attributes);
  c.posix_spawnattr_setflags(attributes, SETSIGDEF | SETSIGMASK | SETSID);
  c.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(128, 0xff));
  c.posix_spawnattr_setsigmask(attributes, Buffer.alloc(128));

  return {
    pipe() {
      if (c.pipe2(numbers, O_CLOEXEC) !== 0) throw systemError(errno(), 'pipe2');
      return { read: numbers.readInt32LE(0), write: numbers.readInt32LE(4) };
    },

    spawn(path, args, env, stdout, stderr) {
      const argv = stringArray([path, ...args], ffi.getRawPointer);
      const envp = stringArray(env, ffi.getRawPointer);
      c.posix_spawn_file_actions_init(actions);
      try {
        c.posix_spawn_file_actions_addopen(actions, 0, devNull, 0, 0);
        c.posix_spawn_file_actions_adddup2(actions, stdout, 1);
        c.posix_spawn_file_actions_adddup2(actions, stderr, 2);
        const name = Buffer.from(`${path}\0`);
        const failed = c.posix_spawn(numbers, name, actions, attributes, argv, envp);
        if (failed !== 0) throw systemError(failed, 'posix_spawn');
        return numbers.readInt32LE(0);
      } finally {
        c.posix_spawn_file_actions_destroy(actions);
      }
    },

    openPid(pid) {
      const fd = Number(c.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n));
      if (fd < 0) throw systemError(errno(), 'pidfd_open');
      return fd;
    },

    poll(entries, timeoutMs) {
      const table = Buffer.alloc(8 * entries.length);
      for (const [index, { fd }] of entries.entries()) {
        table.writeInt32LE(fd, 8 * index);
        table.writeInt16LE(POLLIN, 8 * index + 4);
      }
      // EINTR and the like: nothing is ready, the caller asks again.
      const count = c.poll(table, BigInt(entries.length), timeoutMs);
      for (const [index, entry] of entries.entries()) {
        entry.ready = count > 0 && table.readInt16LE(8 * index + 6) !== 0;
      }
    },

    reap(pid) {
      return c.waitpid(pid, numbers, WNOHANG) === pid ? numbers.readInt32LE(0) : null;
    },
  };
}

/** A NULL-terminated array of C strings: the table of addresses and behind it the texts. */
function stringArray(strings: string[], addressOf: (buffer: Buffer) => bigint): Buffer {
  const texts = strings.map((string) => Buffer.from(`${string}\0`));
  const tableBytes = 8 * (strings.length + 1);
  const textBytes = texts.reduce((sum, text) => sum + text.length, 0);
  // One buffer for both, so that the texts live as long as the table is in use.
  const array = Buffer.alloc(Math.max(MOVABLE_BYTES, tableBytes) + textBytes);
  let at = array.length - textBytes;
  const start = addressOf(array);
  for (const [index, text] of texts.entries()) {
    array.writeBigUInt64LE(start + BigInt(at), 8 * index);
    at += text.copy(array, at);
  }
  return array;
}
