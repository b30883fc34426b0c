import { columnBuffer, makeRoom } from '../intent/columns.ts';
import { NameTable } from '../intent/name-table.ts';
import type { PlainEntry } from './plain-entry.ts';

/** What is remembered of the latest outcome of a name. */
export type PastOutcome = {
  /** SHA-256 in hex; empty where the content was never read. */
  sha: string;
  succeeded: boolean;
  /** Milliseconds since 1970. */
  at: number;
};

const SHA_BYTES = 32;
const FREE = 0;
const FAILED = 1;
const SUCCEEDED = 2;

/**
 * The latest outcome of each name. A million of them must stay cheap, so names have numbers, and what
 * is known of them lies in columns: about 85 bytes an entry instead of 300 as objects.
 */
export class History {
  readonly #names = new NameTable();
  readonly #at = new Float64Array(columnBuffer(8));
  readonly #kind = new Uint8Array(columnBuffer(1));
  readonly #shaBytes = new Uint8Array(columnBuffer(SHA_BYTES));
  /** The same as a Buffer, which does not grow with it. */
  #sha = Buffer.from(this.#shaBytes.buffer);

  get size(): number {
    return this.#names.size;
  }

  get(name: string): PastOutcome | undefined {
    const number = this.#names.find(name);
    return number < 0 ? undefined : this.#read(number);
  }

  set(name: string, { sha, succeeded, at }: PastOutcome): void {
    const number = this.#names.add(name);
    this.#put(number, succeeded, at);
    const from = number * SHA_BYTES;
    const written = this.#sha.write(sha, from, SHA_BYTES, 'hex');
    if (written < SHA_BYTES) this.#sha.fill(0, from + written, from + SHA_BYTES);
  }

  /** The same of an entry that lies in its line, where a million strings would take most of a start. */
  setPlain({ data, nameFrom, nameEnd, sha, succeeded, at }: PlainEntry): void {
    const number = this.#names.addBytes(data, nameFrom, nameEnd);
    this.#put(number, succeeded, at);
    this.#sha.set(sha, number * SHA_BYTES);
  }

  /** Forgets what is older than `before` (milliseconds since 1970); returns how many. */
  prune(before: number): number {
    const size = this.#names.size;
    for (let number = 0; number < this.#names.end; number++) {
      if (this.#kind[number] === FREE || (this.#at[number] ?? 0) >= before) continue;
      this.#names.delete(number);
      this.#kind[number] = FREE;
    }
    return size - this.#names.size;
  }

  /** All entries, each once; of what changes meanwhile, what it was before or is then. */
  *entries(): Generator<[string, PastOutcome]> {
    for (let number = 0; number < this.#names.end; number++) {
      if (this.#kind[number] !== FREE) yield [this.#names.name(number), this.#read(number)];
    }
  }

  #put(number: number, succeeded: boolean, at: number): void {
    this.#makeRoom(number);
    this.#at[number] = at;
    this.#kind[number] = succeeded ? SUCCEEDED : FAILED;
  }

  #read(number: number): PastOutcome {
    const sha = this.#sha.toString('hex', number * SHA_BYTES, (number + 1) * SHA_BYTES);
    return {
      sha: /^0+$/.test(sha) ? '' : sha,
      succeeded: this.#kind[number] === SUCCEEDED,
      at: this.#at[number] ?? 0,
    };
  }

  #makeRoom(number: number): void {
    makeRoom(number, [this.#at, this.#kind]);
    if (this.#sha.length >= this.#kind.length * SHA_BYTES) return;
    this.#shaBytes.buffer.resize(this.#kind.length * SHA_BYTES);
    this.#sha = Buffer.from(this.#shaBytes.buffer);
  }
}
