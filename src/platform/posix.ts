import { execFileSync } from 'node:child_process';
import { hostname } from 'node:os';
import { asOnPosix, moveByLink, processExists } from './portable.ts';
import type { Platform } from './types.ts';

/** macOS and the BSDs. */
export const posix: Platform = {
  ...asOnPosix,
  renameNoReplace: moveByLink,
  syncFileSystem: () => false,
  syncFileSystemAside: async () => false,
  networkFileSystem: () => null,

  processScope() {
    try {
      return execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim();
    } catch {
      return hostname();
    }
  },

  processStart(pid) {
    if (!processExists(pid)) return null;
    try {
      const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' },
      });
      return started.trim() || null;
    } catch {
      return null;
    }
  },
};
