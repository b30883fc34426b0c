import { hostname } from 'node:os';
import { parse, resolve, toNamespacedPath } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { kernel32, wide } from './kernel32.ts';
import { moveByLink } from './portable.ts';
import { retrySharing, retrySharingAsync } from './sharing.ts';
import type { Path, Platform } from './types.ts';
import { holdTree, processStart } from './windows-process.ts';

const ERROR_ACCESS_DENIED = 5;
const ERROR_FILE_EXISTS = 80;
const ERROR_ALREADY_EXISTS = 183;
const DRIVE_REMOTE = 4;

/** As libuv translates them for the calls that Node has. */
const errnos = new Map([
  [2, 'ENOENT'],
  [3, 'ENOENT'],
  [ERROR_ACCESS_DENIED, 'EPERM'],
  [17, 'EXDEV'],
  [19, 'EROFS'],
  [32, 'EBUSY'],
  [33, 'EBUSY'],
  [39, 'ENOSPC'],
  [53, 'ENOENT'],
  [112, 'ENOSPC'],
  [123, 'ENOENT'],
  [206, 'ENAMETOOLONG'],
]);

export const windows: Platform = {
  renameNoReplace(from, to) {
    const [old, fresh] = [textOf(from), textOf(to)];
    if (!kernel32 || old === null || fresh === null) return moveByLink(from, to);
    // Without the flag that lets it replace, nor the one that lets it copy.
    if (kernel32.MoveFileExW(wide(old), wide(fresh), 0) !== 0) return 'moved';
    const code = kernel32.GetLastError();
    if (code === ERROR_FILE_EXISTS || code === ERROR_ALREADY_EXISTS) return 'exists';
    throw windowsError(code, 'rename', from);
  },

  patiently: retrySharing,
  patientlyAsync: retrySharingAsync,
  syncFileSystem: () => false,
  syncFileSystemAside: async () => false,

  /** A share is named by two backslashes, or it is a drive that was mapped to one. */
  networkFileSystem(path) {
    const { root } = parse(resolve(path));
    const isShare = /^\\\\(?![?.]\\)/.test(root) || /^\\\\\?\\UNC\\/i.test(root);
    const isMapped = kernel32?.GetDriveTypeW(wide(root)) === DRIVE_REMOTE;
    return isShare || isMapped ? 'smb' : null;
  },

  /** Without their start times pids cannot be told from those of earlier processes. */
  processScope() {
    scope ??= kernel32 ? hostname().toLowerCase() : `unknown ${crypto.randomUUID()}`;
    return scope;
  },

  processStart,
  holdTree,
};

let scope: string | undefined;

/**
 * In the form that is not limited to 260 characters. Null for a name that no text can hold: half a
 * surrogate pair, which Node gives as bytes.
 */
function textOf(path: Path): string | null {
  const text = path.toString();
  if (typeof path !== 'string' && !Buffer.from(text).equals(path)) return null;
  return toNamespacedPath(resolve(text));
}

function windowsError(code: number, call: string, path: Path): NodeJS.ErrnoException {
  const name = errnos.get(code) ?? 'EIO';
  const [errno, [, text]] = [...getSystemErrorMap()].find(([, [each]]) => each === name) ?? [0, []];
  const message = `${name}: ${text} (Windows error ${code}), ${call} '${path}'`;
  return Object.assign(new Error(message), { code: name, errno, syscall: call });
}
