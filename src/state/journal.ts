import { constants, writeSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { patientlyAsync } from '../platform/index.ts';
import { moveDirectoryAside, unlinkIfThere } from './files.ts';
import { encodeRecord, type JournalRecord, type SegmentHeader } from './records.ts';

/**
 * Runs a step that touches the disk until it succeeds: where the disk refuses, the queue is held
 * and the step tried again. So a promise of this room never rejects for the disk's sake.
 */
export type Guard = <T>(what: string, step: () => Promise<T>, reach?: Reach) => Promise<T>;

/** Whether a step goes by a path or only by what is open, which stays ours if it is moved away. */
export type Reach = 'path' | 'open';

/** A segment that gets no more records. */
export type SealedSegment = { path: string; instance: string; segment: number; bytes: number };

/**
 * The append-only journal of one instance, with group commit: whatever is appended while a sync is
 * under way is written and synced together by the next one, so that a hundred intents that end
 * together cost one sync.
 */
export class Journal {
  #path: string;
  #header: SegmentHeader;
  #guard: Guard;
  #file: FileHandle;
  /** Bytes of the segment that are known to be on disk. */
  #synced = 0;
  /** What was written after them; written again from `#synced` on when a sync fails. */
  #unsynced: Buffer[] = [];
  #pending: string[] = [];
  #waiting: (() => void)[] = [];
  #rotation: ((sealed: SealedSegment) => void) | null = null;
  #flushing: Promise<void> | null = null;
  /** At its end everything is synced, and what comes meanwhile waits. */
  #isSettling = false;

  private constructor(path: string, header: SegmentHeader, guard: Guard, file: FileHandle) {
    this.#path = path;
    this.#header = header;
    this.#guard = guard;
    this.#file = file;
  }

  /** Begins a segment at `path`, which must not exist. */
  static async create(path: string, header: SegmentHeader, guard: Guard): Promise<Journal> {
    const file = await guard('begin the journal', () => openSegment(path));
    const journal = new Journal(path, header, guard, file);
    await journal.append(header);
    return journal;
  }

  /** Bytes of the current segment, with what waits to be written. */
  get bytes(): number {
    return this.#unsynced.reduce((sum, chunk) => sum + chunk.length, this.#synced);
  }

  /** Appends a record; resolves when it is on disk. */
  append(record: JournalRecord): Promise<void> {
    return new Promise((resolve) => {
      this.#pending.push(encodeRecord(record));
      this.#waiting.push(resolve);
      this.#flushSoon();
    });
  }

  /**
   * Appends a record that nobody waits for: it is written at once and synced with the next one. Where
   * nothing else is under way it is written before this returns: what begins then may end the program.
   */
  note(record: JournalRecord): void {
    const text = encodeRecord(record);
    if (!this.#flushing && !this.#isSettling && this.#writeNow(Buffer.from(text))) return;
    this.#pending.push(text);
    this.#flushSoon();
  }

  /** False where it has to be written again, as all else is: a disk that refuses is waited for there. */
  #writeNow(chunk: Buffer): boolean {
    try {
      if (writeSync(this.#file.fd, chunk, 0, chunk.length, this.bytes) < chunk.length) return false;
    } catch {
      return false;
    }
    this.#unsynced.push(chunk);
    return true;
  }

  /** Seals the segment under a name of its own and begins the next. */
  rotate(): Promise<SealedSegment> {
    return new Promise((resolve) => {
      this.#rotation = resolve;
      this.#flushSoon();
    });
  }

  /** Resolves when everything so far is on disk. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#pending.push('');
      this.#flushSoon();
    });
  }

  /** Leaves it to others as a sealed segment. */
  async seal(): Promise<void> {
    await this.#settleAll('seal the journal');
    await this.#guard('seal the journal', () => this.#seal());
    await this.#file.close();
  }

  /** Writes and syncs what is left, then closes the file. */
  async close(): Promise<void> {
    await this.#settleAll('sync the journal');
    await this.#file.close();
  }

  /** Leaves the file as it is: it is not ours to write any more. */
  async abandon(): Promise<void> {
    this.#pending = [];
    await this.#file.close();
  }

  get #sealedPath(): string {
    return `${this.#path}.${this.#header.segment}`;
  }

  get #hasWork(): boolean {
    return this.#pending.length > 0 || this.#rotation !== null;
  }

  #flushSoon(): void {
    if (this.#isSettling) return;
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = null;
      // Something may have come after the last look at what is pending and before this.
      if (this.#hasWork) this.#flushSoon();
    });
  }

  async #flush(): Promise<void> {
    // Records of one turn of the event loop belong together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#hasWork) {
      await this.#writePending();
      if (this.#rotation) await this.#rotate(this.#rotation);
    }
  }

  async #writePending(): Promise<void> {
    if (this.#pending.length === 0) return;
    const chunk = Buffer.from(this.#pending.join(''));
    const waiting = this.#waiting;
    this.#pending = [];
    this.#waiting = [];
    const position = this.bytes;
    this.#unsynced.push(chunk);
    let clean = true;
    const write = async () => {
      const retry = !clean;
      clean = false;
      if (retry) await this.#writeAgain();
      else await writeAll(this.#file, chunk, position);
      if (waiting.length > 0 || retry) await this.#sync();
    };
    await this.#guard('write the journal', write, 'open');
    for (const resolve of waiting) resolve();
  }

  async #sync(): Promise<void> {
    const [end, chunks] = [this.bytes, this.#unsynced.length];
    await this.#file.datasync();
    this.#synced = end;
    this.#unsynced.splice(0, chunks);
  }

  /** Writes and syncs everything, what comes meanwhile included. */
  async #settleAll(what: string): Promise<void> {
    for (let isFirst = true; isFirst || this.#hasWork; isFirst = false) {
      if (this.#hasWork) this.#flushSoon();
      while (this.#flushing) await this.#flushing;
      this.#isSettling = true;
      await this.#settle(what, async () => {}, 'open');
      this.#isSettling = false;
    }
  }

  /** Syncs what was written without a sync, then does one more step. */
  async #settle(what: string, then: () => Promise<void>, reach: Reach): Promise<void> {
    let clean = true;
    const settle = async () => {
      if (!clean) await this.#writeAgain();
      clean = false;
      await this.#sync();
      await then();
    };
    await this.#guard(what, settle, reach);
  }

  /** After a failed write or sync nothing behind the last good byte can be trusted. */
  async #writeAgain(): Promise<void> {
    const tail = Buffer.concat(this.#unsynced);
    this.#unsynced = [tail];
    await this.#file.truncate(this.#synced);
    await writeAll(this.#file, tail, this.#synced);
  }

  async #seal(): Promise<void> {
    await moveDirectoryAside(this.#sealedPath);
    await patientlyAsync(() => rename(this.#path, this.#sealedPath));
  }

  async #rotate(done: (sealed: SealedSegment) => void): Promise<void> {
    const { instance, segment } = this.#header;
    const sealed = { path: this.#sealedPath, instance, segment, bytes: this.bytes };
    await this.#settle('seal the journal', () => this.#seal(), 'path');
    const old = this.#file;
    this.#header = { ...this.#header, segment: segment + 1, created: new Date().toISOString() };
    this.#file = await this.#guard('begin the journal', () => openSegment(this.#path));
    this.#synced = 0;
    this.#unsynced = [];
    this.#pending.unshift(encodeRecord(this.#header));
    this.#rotation = null;
    await old.close();
    done(sealed);
  }
}

/** An empty file under a name that the directory keeps, whatever happens to the power. */
async function openSegment(path: string): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_RDWR } = constants;
  const file = await open(path, O_CREAT | O_EXCL | O_RDWR, 0o644);
  try {
    await syncDirectory(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    // Else the next try would find its name taken.
    await unlinkIfThere(path).catch(() => {});
    throw error;
  }
}

async function writeAll(file: FileHandle, data: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < data.length) {
    const { bytesWritten } = await file.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}

/** Makes the names in a directory durable. Windows has no such call and needs none. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
