import type { ErrorCode } from './codes.ts';
import type { Suspicion } from './suspicion.ts';

/**
 * What makes a file this file and not another of the same name: it survives a rename and changes
 * when the file is replaced or rewritten. Both numbers that may pass 2^53 are decimal strings.
 */
export type FileIdentity = {
  /** Inode number (file ID on Windows). */
  ino: string;
  /** Bytes. */
  size: number;
  /** Modification time, nanoseconds since 1970. */
  mtimeNs: string;
};

/** Why an intent is refused: which rule, where, and how to mend it. One line each. */
export type Refusal = {
  code: ErrorCode;
  /** What is wrong; quotes at most 40 characters of the file. */
  message: string;
  /** What the author of the intent can do about it. */
  mend: string;
  /** JSON path such as `$.constraints.max_replicas`, where the place is a value. */
  path?: string;
  /** 1-based, where the place is known. */
  line?: number;
  /** 1-based, counted in UTF-16 units. */
  column?: number;
  /** True where a writer that is still at work could cure it (cut-off JSON, a second hard link). */
  mayPass: boolean;
  /** What a wrong value looks like an attempt at. */
  suspicion?: Suspicion;
};

/** What the rest of the program needs to know of an intent that was read and accepted. */
export type CheckedIntent = {
  identity: FileIdentity;
  /** SHA-256 of the content, lower-case hex. */
  sha256: string;
  namespace: string;
  target: string;
  /** 0 (can wait) to 10 (at once). */
  priority: number;
  /** The intent's own porch timeout in milliseconds; 0 where it names none. */
  timeoutMs: number;
  /** Empty where the intent has none. */
  correlationId: string;
};

/** What a look at one file found. */
export type CheckResult =
  | { kind: 'accepted'; intent: CheckedIntent }
  | {
      kind: 'refused';
      refusal: Refusal;
      /** Null where the file could not be looked at. */
      identity: FileIdentity | null;
      /** Null where the content was not read. */
      sha256: string | null;
      correlationId: string;
      /** Milliseconds since 1970 of the change that `mayPass` waits on. */
      changedMs: number;
    }
  /** The file is gone: its dropper took it back, or another instance was faster. */
  | { kind: 'gone' }
  /** The file system failed, which says nothing about the intent. */
  | { kind: 'unavailable'; errno: string; message: string };

/** The limits that a check applies. */
export type CheckLimits = {
  /** Bytes. */
  maxFileSize: number;
  maxReplicas: number;
  /** Namespaces that are allowed although they belong to the cluster (`kube-system`…). */
  systemNamespaces: readonly string[];
};
