import { entriesOf, type Found, Looker, type PassOver } from '../platform/index.ts';
import { nameOf } from './raw-names.ts';

/** For fewer it does not pay to ask another thread. */
const MANY = 400;

/** An intent's file, by the name under which it is dealt with and by what it is really called. */
export type Entry = { name: string; rawName: string };

export type SurveyParts = {
  handoff: string;
  /** Whether a raw name that lies in these bytes has settled, and nothing else is to be known of it. */
  isSettled: PassOver;
  /** Whether there is anything to be found out about this name. */
  isNew(name: string): boolean;
  /** Whether there may have been news of it just now. */
  isStirring(name: string): boolean;
  /** What lies under a new name: null where it is gone. */
  found(entry: Entry, found: Found | null): void;
  stopped(): boolean;
  /**
   * Another thread looks at these, where it has the time: their modification times, NaN for what is
   * no file and for what it cannot look at.
   */
  help(rawNames: string[]): Promise<Float64Array> | null;
};

/**
 * One look at the whole directory. To look at a file is mostly the kernel's work, so with many of them
 * another thread takes as much of it as it can. Throws errno errors.
 */
export class Survey {
  readonly #parts: SurveyParts;
  readonly #looker: Looker;
  readonly #helped = new Set<Promise<void>>();

  private constructor(parts: SurveyParts, looker: Looker) {
    this.#parts = parts;
    this.#looker = looker;
  }

  /** Gives how many entries the directory has; so many were `expected`. */
  static async make(parts: SurveyParts, expected: number): Promise<number> {
    using looker = new Looker(parts.handoff);
    const survey = new Survey(parts, looker);
    try {
      return await survey.#read(expected);
    } finally {
      await Promise.allSettled(survey.#helped);
    }
  }

  async #read(expected: number): Promise<number> {
    const { handoff, stopped, isSettled } = this.#parts;
    let count = 0;
    const passOver: PassOver = (bytes, from, end) => {
      const isPassed = isSettled(bytes, from, end);
      if (isPassed) count++;
      return isPassed;
    };
    for await (const rawNames of entriesOf(handoff, { expected, passOver })) {
      count += rawNames.length;
      this.#look(this.#newOf(rawNames));
      if (stopped()) break;
    }
    await Promise.all(this.#helped);
    return count;
  }

  #newOf(rawNames: readonly string[]): Entry[] {
    const entries: Entry[] = [];
    for (const rawName of rawNames) {
      const name = nameOf(rawName);
      if (name !== undefined && this.#parts.isNew(name)) entries.push({ name, rawName });
    }
    return entries;
  }

  #look(entries: readonly Entry[]): void {
    const times =
      entries.length < MANY ? null : this.#parts.help(entries.map(({ rawName }) => rawName));
    if (times) this.#track(this.#hear(entries, times));
    else for (const entry of entries) this.#lookAt(entry);
  }

  #lookAt(entry: Entry): void {
    this.#parts.found(entry, this.#looker.look(entry.rawName));
  }

  /** What was new may be known by now, and what was seen then may have changed since. */
  async #hear(entries: readonly Entry[], answer: Promise<Float64Array>): Promise<void> {
    const { isNew, isStirring, found } = this.#parts;
    const times = await answer;
    for (const [index, entry] of entries.entries()) {
      const mtimeMs = times[index] ?? Number.NaN;
      if (!isNew(entry.name)) continue;
      if (Number.isNaN(mtimeMs) || isStirring(entry.name)) this.#lookAt(entry);
      else found(entry, { isDirectory: false, mtimeMs });
    }
  }

  /** It may fail before anybody waits for it. */
  #track(work: Promise<void>): void {
    this.#helped.add(work);
    work.then(
      () => this.#helped.delete(work),
      () => {},
    );
  }
}
