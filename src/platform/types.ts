/** A path as Node takes it: bytes where a name may not be UTF-8. */
export type Path = string | Buffer;

/**
 * What became of a rename that must not replace anything. `unsupported`: this system or file
 * system has no way to promise that for this file, and nothing was changed.
 */
export type Moved = 'moved' | 'exists' | 'unsupported';

/** What differs by system. Each system's file exports exactly this. */
export type Platform = {
  /** Renames within one file system; never replaces a file. Throws the errno errors of rename(2). */
  renameNoReplace(from: Path, to: Path): Moved;
  /** Does a step on files, and again for a moment where another program is in its way. */
  patiently<T>(step: () => T): T;
  patientlyAsync<T>(step: () => Promise<T>): Promise<T>;
  /** Writes everything of the file system that holds `path` to disk at once; false where it cannot. */
  syncFileSystem(path: string): boolean;
  /** The same while the event loop goes on, for it may take long. */
  syncFileSystemAside(path: string): Promise<boolean>;
  /** Name of the network file system that `path` is on, or null: there the kernel sends no news. */
  networkFileSystem(path: string): string | null;
  /** Two processes with the same scope see each other's pids: same boot, same pid namespace. */
  processScope(): string;
  /** When the process started, in a form that only compares; null when there is no such process. */
  processStart(pid: number): string | null;
  /** Whatever the process starts from now on can be ended with it; null where groups are for that. */
  holdTree(pid: number): ProcessTree | null;
};

/** A process with all that it started. */
export type ProcessTree = {
  end(): void;
  /** Nothing of it may live any longer. */
  release(): void;
};
