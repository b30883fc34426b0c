import { columnBuffer, giveBack, makeRoom } from '../intent/columns.ts';
import { NameTable } from '../intent/name-table.ts';
import { KEPT_BYTES } from './kept-hash.ts';
import type { PlainEntry } from './plain-entry.ts';

/** What is remembered of the latest outcome of a name. */
export type PastOutcome = {
  /** What is kept of the SHA-256, in hex; empty where the content was never read. */
  sha: string;
  succeeded: boolean;
  /** Milliseconds since 1970. */
  at: number;
};

const FAILED = 0;
const SUCCEEDED = 1;

/**
 * The latest outcome of each name. A million of them must stay cheap, so names have numbers, and what
 * is known of them lies in columns: about 50 bytes an entry instead of 300 as objects.
 */
export class History {
  readonly #names = new NameTable();
  readonly #at = new Float64Array(columnBuffer(8));
  readonly #kind = new Uint8Array(columnBuffer(1));
  readonly #shaBytes = columnBuffer(KEPT_BYTES);
  /** The same as a Buffer, which does not grow or shrink with it. */
  #sha = Buffer.from(this.#shaBytes);

  get size(): number {
    return this.#names.size;
  }

  /** Bytes that are held for all entries. */
  get bytesHeld(): number {
    const columns = this.#at.byteLength + this.#kind.byteLength + this.#shaBytes.byteLength;
    return columns + this.#names.bytesHeld;
  }

  get(name: string): PastOutcome | undefined {
    const number = this.#names.find(name);
    return number < 0 ? undefined : this.#read(number);
  }

  /** Of a hash only the half is kept that is. */
  set(name: string, { sha, succeeded, at }: PastOutcome): void {
    const number = this.#names.add(name);
    this.#put(number, succeeded, at);
    const from = number * KEPT_BYTES;
    const written = this.#sha.write(sha, from, KEPT_BYTES, 'hex');
    if (written < KEPT_BYTES) this.#sha.fill(0, from + written, from + KEPT_BYTES);
  }

  /** The same of an entry that lies in its line, where a million strings would take most of a start. */
  setPlain({ data, nameFrom, nameEnd, sha, succeeded, at }: PlainEntry): void {
    const number = this.#names.addBytes(data, nameFrom, nameEnd);
    this.#put(number, succeeded, at);
    this.#sha.set(sha, number * KEPT_BYTES);
  }

  /** Forgets what is older than `before` (milliseconds since 1970); returns how many. */
  prune(before: number): number {
    const { size } = this.#names;
    // From the last one down: a number that moves has been looked at.
    for (let number = size - 1; number >= 0; number--) {
      if ((this.#at[number] ?? 0) < before) this.#forget(number);
    }
    return size - this.#names.size;
  }

  /**
   * All entries that there are throughout; of what changes meanwhile, what it was before or is then.
   * Where others are forgotten meanwhile, one may come twice: the later time it is as it is then.
   */
  *entries(): Generator<[string, PastOutcome]> {
    // A number only ever moves down, so that what has not come by now still comes.
    for (let number = this.#names.size - 1; number >= 0; number--) {
      if (number < this.#names.size) yield [this.#names.name(number), this.#read(number)];
    }
  }

  #put(number: number, succeeded: boolean, at: number): void {
    makeRoom(number, [this.#at, this.#kind]);
    this.#fitHashes();
    this.#at[number] = at;
    this.#kind[number] = succeeded ? SUCCEEDED : FAILED;
  }

  #forget(number: number): void {
    const last = this.#names.delete(number);
    this.#at[number] = this.#at[last] ?? 0;
    this.#kind[number] = this.#kind[last] ?? FAILED;
    this.#sha.copyWithin(number * KEPT_BYTES, last * KEPT_BYTES, (last + 1) * KEPT_BYTES);
    giveBack(last, [this.#at, this.#kind]);
    this.#fitHashes();
  }

  #read(number: number): PastOutcome {
    const sha = this.#sha.toString('hex', number * KEPT_BYTES, (number + 1) * KEPT_BYTES);
    return {
      sha: /^0+$/.test(sha) ? '' : sha,
      succeeded: this.#kind[number] === SUCCEEDED,
      at: this.#at[number] ?? 0,
    };
  }

  /** There is room for as many hashes as for whatever else is known. */
  #fitHashes(): void {
    const bytes = this.#kind.length * KEPT_BYTES;
    if (this.#sha.length === bytes) return;
    this.#shaBytes.resize(bytes);
    this.#sha = Buffer.from(this.#shaBytes);
  }
}
