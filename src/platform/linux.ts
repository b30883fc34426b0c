import { closeSync, openSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { libc, systemError } from './libc.ts';
import { asOnPosix, moveByLink } from './portable.ts';
import type { Platform } from './types.ts';

const RENAME_NOREPLACE = 1;
const EEXIST = 17;
/** EINVAL, ENOSYS, EOPNOTSUPP: the kernel or the file system does not know the flag. */
const NO_SUCH_FLAG = new Set([22, 38, 95]);

const EIO = 5;
/** How often it is asked whether a sync beside the event loop is over. */
const SYNC_POLL_MS = 10;

/** statfs(2) types of file systems whose changes by other hosts inotify does not see. */
const networkTypes = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x00c36400, 'ceph'],
  [0x01021997, '9p'],
  [0x65735546, 'fuse'],
  [0x0bd00bd0, 'lustre'],
  [0x47504653, 'gpfs'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'afs'],
  [0x01161970, 'gfs2'],
  [0x7461636f, 'ocfs2'],
]);

/** The name of a network file system by its type, or null. */
export const networkTypeOf = (type: number): string | null => networkTypes.get(type >>> 0) ?? null;

const cString = (path: string | Buffer) =>
  typeof path === 'string' ? Buffer.from(`${path}\0`) : Buffer.concat([path, Buffer.alloc(1)]);

export const linux: Platform = {
  ...asOnPosix,

  renameNoReplace(from, to) {
    if (!libc) return moveByLink(from, to);
    if (libc.renameat2(cString(from), cString(to), RENAME_NOREPLACE) === 0) return 'moved';
    const errno = libc.errno();
    if (errno === EEXIST) return 'exists';
    if (NO_SUCH_FLAG.has(errno)) return moveByLink(from, to);
    throw systemError(errno, 'rename', from.toString());
  },

  syncFileSystem(path) {
    if (!libc || !syncReportsErrors()) return false;
    const fd = openSync(path, 'r');
    try {
      if (libc.syncfs(fd) === 0) return true;
      throw systemError(libc.errno(), 'syncfs', path);
    } finally {
      closeSync(fd);
    }
  },

  async syncFileSystemAside(path) {
    if (!libc || !syncReportsErrors()) return false;
    const fd = openSync(path, 'r');
    try {
      const begun = libc.beginSyncfs(fd);
      if ('errno' in begun) throw systemError(begun.errno, 'pthread_create');
      let result = libc.endOfSyncfs(begun.thread);
      while (result === null) {
        await pause(SYNC_POLL_MS);
        result = libc.endOfSyncfs(begun.thread);
      }
      if (result === 0) return true;
      // The thread has taken its errno with it; of what syncfs says, this is what it nearly always is.
      throw systemError(EIO, 'syncfs', path);
    } finally {
      closeSync(fd);
    }
  },

  networkFileSystem(path) {
    return networkTypeOf(statfsSync(path).type);
  },

  processScope() {
    scope ??= readScope();
    return scope;
  },

  processStart(pid) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // proc(5): the command name stands in parentheses and may hold any character; start time is
      // field 22, state field 3. A zombie has ended, whoever has yet to reap it.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
    } catch {
      return null;
    }
  },
};

let scope: string | undefined;

/**
 * Where /proc is closed to us (Deno opens it only to those with every permission), nobody's pid
 * means anything to us, nor ours to others.
 */
function readScope(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return `unknown ${crypto.randomUUID()}`;
  }
}

/** Before Linux 5.8 syncfs(2) returned 0 whatever the disk said. */
function syncReportsErrors(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 8);
}
