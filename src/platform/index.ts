import { linux } from './linux.ts';
import { posix } from './posix.ts';
import type { Platform } from './types.ts';
import { windows } from './windows.ts';

export { adoptOrphans, hasChildren, reapAdopted } from './children.ts';
export { sendDatagram } from './datagram.ts';
export { entriesOf } from './entries.ts';
export { loadFfi } from './ffi.ts';
export type { PassOver } from './getdents.ts';
export { systemError } from './libc.ts';
export { type Found, type FoundWithChange, Looker, lookAt, modificationTimes } from './looker.ts';
export { errnoOf } from './portable.ts';
export type { Moved, Path, ProcessTree } from './types.ts';

function thisSystem(): Platform {
  if (process.platform === 'linux') return linux;
  return process.platform === 'win32' ? windows : posix;
}

export const {
  renameNoReplace,
  patiently,
  patientlyAsync,
  syncFileSystem,
  syncFileSystemAside,
  networkFileSystem,
  processScope,
  processStart,
  holdTree,
} = thisSystem();
