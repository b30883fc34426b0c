import { hash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
} from 'node:fs';
import { formatSize } from '../config/units.ts';
import { checkContent } from './content.ts';
import { summarise } from './refusal.ts';
import type { Intent } from './schema.ts';
import type { CheckedIntent, CheckLimits, CheckResult, FileIdentity, Refusal } from './types.ts';

/** Like CheckResult, but with the intent itself, or with everything that is wrong with it. */
export type ReadResult =
  | { kind: 'accepted'; intent: CheckedIntent; value: Intent }
  | (Extract<CheckResult, { kind: 'refused' }> & {
      /** The first is the one that `refusal` sums up. Cut off after some hundreds. */
      refusals: readonly Refusal[];
      /** How many there are in all. */
      count: number;
    })
  | Extract<CheckResult, { kind: 'gone' | 'unavailable' }>;

type Refused = Extract<ReadResult, { kind: 'refused' }>;

const maxTries = 3;
/**
 * Nearly all files fit into it. Buffers of their own would stay until V8 collects, which it does by
 * its heap, and they lie outside of it: 64 MB for a million.
 */
const usualBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** NONBLOCK, since a FIFO put in the file's place after lstat would hold the thread for ever. */
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Looks at one file as an intent: what it is, whether it can be read, and whether its content keeps to
 * the rules. Works synchronously, never follows a link, never waits, and reads at most
 * `limits.maxFileSize` bytes. Throws nothing that the file or the file system can cause.
 */
export function checkFile(path: string | Buffer, limits: CheckLimits): CheckResult {
  const result = readIntent(path, limits);
  if (result.kind === 'accepted') return { kind: 'accepted', intent: result.intent };
  if (result.kind !== 'refused') return result;
  const { kind, refusal, identity, sha256, correlationId, changedMs } = result;
  return { kind, refusal, identity, sha256, correlationId, changedMs };
}

/** Like `checkFile`, for those who need the intent itself or all that is wrong with it. */
export function readIntent(path: string | Buffer, limits: CheckLimits): ReadResult {
  try {
    for (let tries = 1; ; tries++) {
      const result = tryRead(path, limits);
      if (result !== 'changed') return result;
      if (tries === maxTries) return refuseUnsteady(lstatSync(path, { bigint: true }));
    }
  } catch (error) {
    const { errno, message } = asErrno(error);
    if (errno === 'ENOENT') return { kind: 'gone' };
    return { kind: 'unavailable', errno, message };
  }
}

/** One try; `changed` where the file was replaced or written to on the way. */
function tryRead(path: string | Buffer, limits: CheckLimits): ReadResult | 'changed' {
  const seen = lstatSync(path, { bigint: true });
  const unfit = refuseUnread(seen, limits);
  if (unfit !== null) return unfit;
  const file = openOrRefuse(path, seen);
  if (typeof file !== 'number') return file;
  try {
    const before = fstatSync(file, { bigint: true });
    if (before.ino !== seen.ino || before.dev !== seen.dev) return 'changed';
    const unfitNow = refuseUnread(before, limits);
    if (unfitNow !== null) return unfitNow;
    const bytes = readUpTo(file, Number(before.size));
    const after = fstatSync(file, { bigint: true });
    const isSteady = after.size === before.size && after.mtimeNs === before.mtimeNs;
    if (!isSteady || bytes === null) return 'changed';
    return judge(bytes, before, limits);
  } finally {
    closeSync(file);
  }
}

/** What can be refused by what the file is, without a look into it. */
function refuseUnread(stats: BigIntStats, limits: CheckLimits): Refused | null {
  if (!stats.isFile()) {
    return refuse(stats, {
      code: 'E014',
      message: `${kindOf(stats)} is no intent; it was not opened`,
      mend: 'drop the intent as a regular file',
      mayPass: false,
    });
  }
  if (stats.nlink > 1n) {
    const refused = refuse(stats, {
      code: 'E014',
      message: `the file has ${stats.nlink} hard links; it was not opened`,
      mend: 'remove its other names, or drop a copy',
      mayPass: true,
    });
    return { ...refused, changedMs: milliseconds(stats.ctimeNs) };
  }
  if (stats.size > limits.maxFileSize) {
    return refuse(stats, {
      code: 'E002',
      message: `the file has ${stats.size} bytes, more than ${formatSize(limits.maxFileSize)}`,
      mend: 'make it smaller, or have the operator raise max_file_size',
      mayPass: false,
    });
  }
  return null;
}

function openOrRefuse(path: string | Buffer, seen: BigIntStats): number | Refused | 'changed' {
  try {
    return openSync(path, openFlags);
  } catch (error) {
    const { errno } = asErrno(error);
    // It was a regular file a moment ago: the next look says what it is now.
    if (errno === 'ELOOP') return 'changed';
    if (errno === 'EBUSY') return refuseBusy(seen);
    if (errno !== 'EACCES' && errno !== 'EPERM') throw error;
    const mode = (seen.mode & 0o7777n).toString(8).padStart(4, '0');
    const uid = process.geteuid?.();
    const we = uid === undefined ? '' : `; we run as uid ${uid}`;
    const refused = refuse(seen, {
      code: 'E016',
      message: `we may not read the file: owner uid ${seen.uid}, gid ${seen.gid}, mode ${mode}${we}`,
      mend: 'give it a mode or group by which conductor-loop may read it, and drop it again',
      // Some writers set the mode last.
      mayPass: true,
    });
    return { ...refused, changedMs: milliseconds(seen.ctimeNs) };
  }
}

/** On Windows whoever opens a file may keep all others out, as slow writers do. */
function refuseBusy(seen: BigIntStats): Refused {
  const refused = refuse(seen, {
    code: 'E016',
    message: 'we may not read the file: another program has it open and lets nobody else in',
    mend: 'have its writer close it, or write to another name and rename it into place',
    mayPass: true,
  });
  return { ...refused, changedMs: milliseconds(seen.ctimeNs) };
}

/**
 * The file's bytes, good until the next is read, or null where it is not exactly `size` bytes long any
 * more.
 */
function readUpTo(file: number, size: number): Buffer | null {
  // One byte more shows a file that has grown.
  const most = size + 1;
  const buffer = most <= usualBuffer.length ? usualBuffer : Buffer.allocUnsafeSlow(most);
  let length = 0;
  for (;;) {
    const got = readSync(file, buffer, length, most - length, null);
    length += got;
    if (length > size) return null;
    if (got === 0) return length === size ? buffer.subarray(0, size) : null;
  }
}

function judge(bytes: Buffer, stats: BigIntStats, limits: CheckLimits): ReadResult {
  const sha256 = hash('sha256', bytes);
  const content = checkContent(bytes, limits);
  if (content.kind === 'refused') {
    const { refusals, count, correlationId } = content;
    const suspicion = refusals.find((one) => one.suspicion)?.suspicion;
    const refusal = { ...summarise(refusals[0], count), ...(suspicion ? { suspicion } : {}) };
    return { ...refuse(stats, refusal), sha256, correlationId, refusals, count };
  }
  const { value } = content;
  const intent: CheckedIntent = {
    identity: identityOf(stats),
    sha256,
    namespace: value.namespace,
    target: value.target,
    priority: value.priority,
    timeoutMs: value.timeout ?? 0,
    correlationId: value.correlation_id ?? '',
  };
  return { kind: 'accepted', intent, value };
}

function refuseUnsteady(stats: BigIntStats): Refused {
  return refuse(stats, {
    code: 'E001',
    message: `the file changed each of the ${maxTries} times it was read`,
    mend: 'write the intent to another name and rename it into place when it is complete',
    mayPass: true,
  });
}

/** A refusal of a file whose content was not read; it waits on the modification time. */
function refuse(stats: BigIntStats, refusal: Refusal): Refused {
  return {
    kind: 'refused',
    refusal,
    refusals: [refusal],
    count: 1,
    identity: identityOf(stats),
    sha256: null,
    correlationId: '',
    changedMs: milliseconds(stats.mtimeNs),
  };
}

function identityOf(stats: BigIntStats): FileIdentity {
  return { ino: String(stats.ino), size: Number(stats.size), mtimeNs: String(stats.mtimeNs) };
}

function kindOf(stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return 'a link';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}

function asErrno(error: unknown): { errno: string; message: string } {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) throw error;
  return { errno: String(error.code), message: error.message };
}
