import { hostname } from 'node:os';
import { moveByLink, processExists } from './portable.ts';
import type { Platform } from './types.ts';

export const windows: Platform = {
  renameNoReplace: moveByLink,
  syncFileSystem: () => false,
  /** A path on another computer begins with two backslashes; a mapped drive cannot be told apart. */
  networkFileSystem: (path) => (path.startsWith('\\\\') ? 'smb' : null),
  processScope: () => hostname(),
  /** Windows has no cheap start time; a pid that is alive counts as the same process. */
  processStart: (pid) => (processExists(pid) ? 'alive' : null),
};
