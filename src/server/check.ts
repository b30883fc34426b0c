import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';

/** How one check went, as the answers show it. */
export type CheckResult = {
  name: string;
  state: 'pass' | 'fail';
  duration_ms: number;
  /** One line for people. */
  message: string;
};

/** An answer waits this long for its checks: probes give up after a second where nobody says more. */
const ANSWER_MS = 500;

/**
 * A question about the health of the program that may take long, such as one to a disk. It is asked
 * once at a time, whoever wants to know, and nobody waits for it longer than half a second.
 */
export class Check {
  readonly #name: string;
  readonly #ask: () => string | Promise<string>;
  readonly #patienceMs: number;
  #asked: { atMs: number; result: Promise<CheckResult> } | null = null;

  /**
   * `ask` gives what is to be said where all is well, and throws what is to be said where it is not.
   * Without an answer it counts as well for `patienceMs`.
   */
  constructor(name: string, ask: () => string | Promise<string>, patienceMs = 2000) {
    this.#name = name;
    this.#ask = ask;
    this.#patienceMs = patienceMs;
  }

  async result(): Promise<CheckResult> {
    this.#asked ??= this.#begin();
    const { atMs, result } = this.#asked;
    const found = await Promise.race([result, patience()]);
    if (found) return found;
    const ms = performance.now() - atMs;
    const state = ms < this.#patienceMs ? 'pass' : 'fail';
    return this.#says(state, ms, `no answer for ${Math.round(ms)} ms`);
  }

  #begin(): { atMs: number; result: Promise<CheckResult> } {
    const result = this.#run().finally(() => {
      this.#asked = null;
    });
    return { atMs: performance.now(), result };
  }

  async #run(): Promise<CheckResult> {
    const begun = performance.now();
    const since = () => performance.now() - begun;
    try {
      const message = await this.#ask();
      return this.#says('pass', since(), message);
    } catch (error) {
      return this.#says('fail', since(), error instanceof Error ? error.message : String(error));
    }
  }

  #says(state: CheckResult['state'], ms: number, message: string): CheckResult {
    return { name: this.#name, state, duration_ms: Math.round(ms * 100) / 100, message };
  }
}

async function patience(): Promise<null> {
  await delay(ANSWER_MS, null, { ref: false });
  // Where the main thread was held up, the answer may be there and not have been read yet.
  await turn();
  return null;
}
