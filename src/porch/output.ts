import { cleanControl } from '../telemetry/scrub.ts';

/** Bytes kept of a stream's beginning, and as many of its end. */
const halfSize = 32 * 1024;
const firstSize = 4 * 1024;

/**
 * Keeps the first and the last 32 KiB of a stream in at most 64 KiB of memory, however much flows.
 * While there is room it is one plain buffer; after that its second half is a ring.
 */
export class OutputCollector {
  #kept: Buffer = Buffer.alloc(0);
  /** Bytes seen. */
  #total = 0;

  push(chunk: Buffer): void {
    let rest = chunk;
    if (this.#total < 2 * halfSize) {
      const room = 2 * halfSize - this.#total;
      const taken = Math.min(room, rest.length);
      this.#makeRoom(this.#total + taken);
      rest.copy(this.#kept, this.#total, 0, taken);
      this.#total += taken;
      if (taken === rest.length) return;
      rest = rest.subarray(taken);
    }
    // Only the last bytes of a chunk longer than the ring can stay.
    const skipped = Math.max(0, rest.length - halfSize);
    this.#total += skipped;
    const at = this.#total % halfSize;
    const beforeEnd = Math.min(halfSize - at, rest.length - skipped);
    rest.copy(this.#kept, halfSize + at, skipped, skipped + beforeEnd);
    rest.copy(this.#kept, halfSize, skipped + beforeEnd);
    this.#total += rest.length - skipped;
  }

  /** What was kept, as text without control characters; says how many bytes were left out. */
  text(): string {
    if (this.#total === 0) return '';
    if (this.#total <= 2 * halfSize) {
      return cleanControl(this.#kept.toString('utf8', 0, this.#total));
    }
    const split = halfSize + (this.#total % halfSize);
    const tail = Buffer.concat([
      this.#kept.subarray(split, 2 * halfSize),
      this.#kept.subarray(halfSize, split),
    ]);
    const headEnd = endOfCharacters(this.#kept.subarray(0, halfSize));
    const tailStart = startOfCharacters(tail);
    const leftOut = this.#total - headEnd - (tail.length - tailStart);
    const head = cleanControl(this.#kept.toString('utf8', 0, headEnd));
    return `${head}\n… ${leftOut} bytes left out …\n${cleanControl(tail.toString('utf8', tailStart))}`;
  }

  /** Most porches say a line or two: they get a small buffer, all others the whole at once. */
  #makeRoom(needed: number): void {
    if (needed <= this.#kept.length) return;
    const grown = Buffer.allocUnsafeSlow(needed <= firstSize ? firstSize : 2 * halfSize);
    this.#kept.copy(grown, 0, 0, this.#total);
    this.#kept = grown;
  }
}

/** The end of `text`: at most `limit` bytes of UTF-8, whole characters only. */
export function lastBytes(text: string, limit: number): string {
  // A UTF-16 unit is one to three bytes of UTF-8.
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text.slice(-limit));
  if (bytes.length <= limit && text.length <= limit) return text;
  const end = bytes.subarray(Math.max(0, bytes.length - limit));
  return end.toString('utf8', startOfCharacters(end));
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** Where the first whole UTF-8 character begins; a sequence has at most three bytes after its first. */
function startOfCharacters(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return start;
}

/** Where the last whole UTF-8 character ends. */
function endOfCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
