import { closeSync, openSync, readSync } from 'node:fs';
import type { Spool } from './spool.ts';

const CONCLUSION = /"timestamp":"([^"]+)".*"processing_duration":/;

const CHUNK_BYTES = 1024 * 1024;

/**
 * When intents were filed, as the log says it: ms since 1970, in their order. Reads on where it was
 * before, so that a log of a million lines may be followed while it grows.
 */
export class Conclusions {
  readonly times: number[] = [];
  readonly #file: number;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #rest = '';

  constructor({ log }: Spool) {
    this.#file = openSync(log, 'r');
  }

  /** Reads what was logged since; gives how many there are by now. */
  readOn(): number {
    for (;;) {
      const bytes = readSync(this.#file, this.#chunk);
      if (bytes === 0) return this.times.length;
      const lines = (this.#rest + this.#chunk.toString('latin1', 0, bytes)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const at = CONCLUSION.exec(line)?.[1];
        if (at !== undefined) this.times.push(Date.parse(at));
      }
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Intents a second from one part of them to another: 0 is the first, 1 the last. */
  rate(from: number, to: number): number {
    const last = this.times.length - 1;
    const [first, end] = [Math.floor(last * from), Math.floor(last * to)];
    const ms = (this.times[end] ?? 0) - (this.times[first] ?? 0);
    return ((end - first) / ms) * 1000;
  }
}
