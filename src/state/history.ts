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
 * The latest outcome of each name. A million of them must stay cheap, so a name maps to a slot and
 * everything else of it lies in columns: about 125 bytes an entry instead of 300 as objects.
 */
export class History {
  #slots = new Map<string, number>();
  #freed: number[] = [];
  #used = 0;
  #sha = Buffer.alloc(0);
  #at = new Float64Array(0);
  #kind = new Uint8Array(0);

  get size(): number {
    return this.#slots.size;
  }

  get(name: string): PastOutcome | undefined {
    const slot = this.#slots.get(name);
    return slot === undefined ? undefined : this.#read(slot);
  }

  set(name: string, outcome: PastOutcome): void {
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      slot = this.#freed.pop() ?? this.#used++;
      if (slot >= this.#kind.length) this.#grow();
      this.#slots.set(name, slot);
    }
    const from = slot * SHA_BYTES;
    const written = this.#sha.write(outcome.sha, from, SHA_BYTES, 'hex');
    if (written < SHA_BYTES) this.#sha.fill(0, from + written, from + SHA_BYTES);
    this.#at[slot] = outcome.at;
    this.#kind[slot] = outcome.succeeded ? SUCCEEDED : FAILED;
  }

  /** Forgets what is older than `before` (milliseconds since 1970); returns how many. */
  prune(before: number): number {
    let count = 0;
    for (const [name, slot] of this.#slots) {
      if ((this.#at[slot] ?? 0) >= before) continue;
      this.#slots.delete(name);
      this.#kind[slot] = FREE;
      this.#freed.push(slot);
      count++;
    }
    return count;
  }

  *entries(): Generator<[string, PastOutcome]> {
    for (const [name, slot] of this.#slots) yield [name, this.#read(slot)];
  }

  #read(slot: number): PastOutcome {
    const sha = this.#sha.toString('hex', slot * SHA_BYTES, (slot + 1) * SHA_BYTES);
    return {
      sha: /^0+$/.test(sha) ? '' : sha,
      succeeded: this.#kind[slot] === SUCCEEDED,
      at: this.#at[slot] ?? 0,
    };
  }

  #grow(): void {
    const capacity = Math.max(1024, Math.ceil(this.#kind.length * 1.5));
    const sha = Buffer.alloc(capacity * SHA_BYTES);
    this.#sha.copy(sha);
    this.#sha = sha;
    const at = new Float64Array(capacity);
    at.set(this.#at);
    this.#at = at;
    const kind = new Uint8Array(capacity);
    kind.set(this.#kind);
    this.#kind = kind;
  }
}
