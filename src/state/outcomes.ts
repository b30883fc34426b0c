import { columnBuffer, giveBack, makeRoom } from '../intent/columns.ts';
import { KEPT_BYTES } from './kept-hash.ts';

/** What is remembered of the latest outcome of a name. */
export type PastOutcome = {
  /** What is kept of the SHA-256, in hex; empty where the content was never read. */
  sha: string;
  succeeded: boolean;
  /** Milliseconds since 1970. */
  at: number;
};

/** Milliseconds since 1970, and in the last bit whether it succeeded. */
const TIME_BYTES = 6;
const LATEST = 2 ** (8 * TIME_BYTES - 1) - 1;

const BYTES = KEPT_BYTES + TIME_BYTES;

/** Outcomes by number, 22 bytes each: the hash, then the time. */
export class Outcomes {
  readonly #buffer = columnBuffer(BYTES);
  readonly #column = columnOf(this.#buffer);
  /** Does not grow and shrink with the buffer. */
  #bytes = Buffer.from(this.#buffer);

  get bytesHeld(): number {
    return this.#buffer.byteLength;
  }

  /** The outcome of a number that has one. */
  get(number: number): PastOutcome {
    const from = number * BYTES;
    const sha = this.#bytes.toString('hex', from, from + KEPT_BYTES);
    const time = this.#time(number);
    return {
      sha: /^0+$/.test(sha) ? '' : sha,
      succeeded: time % 2 === 1,
      at: Math.floor(time / 2),
    };
  }

  at(number: number): number {
    return Math.floor(this.#time(number) / 2);
  }

  /** Of a hash only what is kept of it. */
  set(number: number, { sha, succeeded, at }: PastOutcome): void {
    this.#setTime(number, succeeded, at);
    const from = number * BYTES;
    const written = this.#bytes.write(sha, from, KEPT_BYTES, 'hex');
    this.#bytes.fill(0, from + written, from + KEPT_BYTES);
  }

  /** The same where what is kept of the hash is there in bytes. */
  setPlain(number: number, sha: Buffer, succeeded: boolean, at: number): void {
    this.#setTime(number, succeeded, at);
    this.#bytes.set(sha, number * BYTES);
  }

  /** The last number's outcome is from now on this one's. */
  replace(number: number, last: number): void {
    this.#bytes.copyWithin(number * BYTES, last * BYTES, (last + 1) * BYTES);
    giveBack(last, [this.#column]);
    this.#fit();
  }

  #time(number: number): number {
    return this.#bytes.readUIntLE(number * BYTES + KEPT_BYTES, TIME_BYTES);
  }

  /** A time before 1970, or of no known year, is the nearest one that there is. */
  #setTime(number: number, succeeded: boolean, at: number): void {
    makeRoom(number, [this.#column]);
    this.#fit();
    const time = at > 0 ? Math.min(LATEST, Math.floor(at)) : 0;
    this.#bytes.writeUIntLE(
      2 * time + (succeeded ? 1 : 0),
      number * BYTES + KEPT_BYTES,
      TIME_BYTES,
    );
  }

  #fit(): void {
    if (this.#bytes.length !== this.#buffer.byteLength) this.#bytes = Buffer.from(this.#buffer);
  }
}

const columnOf = (buffer: ArrayBuffer) => ({
  buffer,
  BYTES_PER_ELEMENT: BYTES,
  get length() {
    return buffer.byteLength / BYTES;
  },
});
