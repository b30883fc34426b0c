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
const POLL_ENTRY_BYTES = 8;
const POINTER_BYTES = 8;

const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const O_CLOEXEC = 0o2000000;
const SYS_PIDFD_OPEN = 434n;
const WNOHANG = 1;
const POLLIN = 1;

/** What one poll waits for. */
export type PollEntry = { fd: number; ready: boolean };

/** The two ends of a pipe. */
export type Pipe = { read: number; write: number };

export type Calls = {
  /** A pipe of which a child inherits neither end. Throws errno errors. */
  pipe(): Pipe;
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
    pipe2: { arguments: ['pointer', 'i32'], return: 'i32' },
    posix_spawn: {
      arguments: ['pointer', 'pointer', 'buffer', 'buffer', 'pointer', 'pointer'],
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
    poll: { arguments: ['pointer', 'u64', 'i32'], return: 'i32' },
    waitpid: { arguments: ['i32', 'pointer', 'i32'], return: 'i32' },
    syscall: { arguments: ['i64', 'i64', 'i64'], return: 'i64' },
    __errno_location: { arguments: [], return: 'pointer' },
  });
  const errno = () => ffi.getInt32(c.__errno_location(), 0);
  const addressOf = ffi.getRawPointer;
  const attributes = Buffer.alloc(OPAQUE_BYTES);
  const devNull = Buffer.from('/dev/null\0');
  c.posix_spawnattr_init(attributes);
  c.posix_spawnattr_setflags(attributes, SETSIGDEF | SETSIGMASK | SETSID);
  c.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(128, 0xff));
  c.posix_spawnattr_setsigmask(attributes, Buffer.alloc(128));
  // These are used again and again: to make one, and to take its address, costs more than the call.
  const numbers = Buffer.alloc(MOVABLE_BYTES);
  const numbersAt = addressOf(numbers);
  const polled = new Buffers(POLL_ENTRY_BYTES * 8, addressOf);
  const texts = { argv: new Buffers(1024, addressOf), envp: new Buffers(4096, addressOf) };
  const actions = { buffer: Buffer.alloc(OPAQUE_BYTES), stdout: -1, stderr: -1 };

  /** What the child does with its descriptors; the numbers of pipes are mostly those of the last. */
  function setActions(stdout: number, stderr: number): void {
    if (actions.stdout === stdout && actions.stderr === stderr) return;
    if (actions.stdout >= 0) c.posix_spawn_file_actions_destroy(actions.buffer);
    c.posix_spawn_file_actions_init(actions.buffer);
    c.posix_spawn_file_actions_addopen(actions.buffer, 0, devNull, 0, 0);
    c.posix_spawn_file_actions_adddup2(actions.buffer, stdout, 1);
    c.posix_spawn_file_actions_adddup2(actions.buffer, stderr, 2);
    Object.assign(actions, { stdout, stderr });
  }

  return {
    pipe() {
      if (c.pipe2(numbersAt, O_CLOEXEC) !== 0) throw systemError(errno(), 'pipe2');
      return { read: numbers.readInt32LE(0), write: numbers.readInt32LE(4) };
    },

    spawn(path, args, env, stdout, stderr) {
      setActions(stdout, stderr);
      const argv = writeStrings(texts.argv, [path, ...args]);
      const envp = writeStrings(texts.envp, env);
      // The path is the first text behind the table of addresses.
      const name = argv + BigInt(POINTER_BYTES * (args.length + 2));
      const failed = c.posix_spawn(numbersAt, name, actions.buffer, attributes, argv, envp);
      if (failed !== 0) throw systemError(failed, 'posix_spawn');
      return numbers.readInt32LE(0);
    },

    openPid(pid) {
      const fd = Number(c.syscall(SYS_PIDFD_OPEN, BigInt(pid), 0n));
      if (fd < 0) throw systemError(errno(), 'pidfd_open');
      return fd;
    },

    poll(entries, timeoutMs) {
      const table = polled.ofSize(POLL_ENTRY_BYTES * entries.length);
      for (let index = 0, at = 0; index < entries.length; index++, at += POLL_ENTRY_BYTES) {
        table.buffer.writeInt32LE(entries[index]?.fd ?? -1, at);
        table.buffer.writeInt32LE(POLLIN, at + 4);
      }
      // EINTR and the like: nothing is ready, the caller asks again.
      const count = c.poll(table.address, BigInt(entries.length), timeoutMs);
      for (const [index, entry] of entries.entries()) {
        entry.ready = count > 0 && table.buffer.readInt16LE(POLL_ENTRY_BYTES * index + 6) !== 0;
      }
    },

    reap(pid) {
      return c.waitpid(pid, numbersAt, WNOHANG) === pid ? numbers.readInt32LE(0) : null;
    },
  };
}

/** One buffer outside of V8's heap after another, each as large as was ever needed. */
class Buffers {
  readonly #addressOf: (buffer: Buffer) => bigint;
  #current: { buffer: Buffer; address: bigint };

  constructor(size: number, addressOf: (buffer: Buffer) => bigint) {
    this.#addressOf = addressOf;
    this.#current = this.#make(size);
  }

  /** What was written into it before is of no account. */
  ofSize(size: number): { buffer: Buffer; address: bigint } {
    if (size > this.#current.buffer.length) this.#current = this.#make(2 * size);
    return this.#current;
  }

  #make(size: number) {
    const buffer = Buffer.alloc(Math.max(MOVABLE_BYTES, size));
    return { buffer, address: this.#addressOf(buffer) };
  }
}

/**
 * A NULL-terminated array of C strings: the table of addresses and behind it the texts. Gives its
 * address; it holds until the next one is written.
 */
function writeStrings(buffers: Buffers, strings: readonly string[]): bigint {
  const tableBytes = POINTER_BYTES * (strings.length + 1);
  const joined = `${strings.join('\0')}\0`;
  const { buffer, address } = buffers.ofSize(tableBytes + Buffer.byteLength(joined));
  buffer.write(joined, tableBytes);
  let at = tableBytes;
  for (let index = 0; index < strings.length; index++) {
    buffer.writeBigUInt64LE(address + BigInt(at), POINTER_BYTES * index);
    at = buffer.indexOf(0, at) + 1;
  }
  buffer.writeBigUInt64LE(0n, POINTER_BYTES * strings.length);
  return address;
}
