import { lstatSync } from 'node:fs';
import type { CheckLimits, CheckResult } from '../intent/types.ts';
import { errnoOf } from '../platform/index.ts';

/** One that settles alone, or with another one: more of them are worth asking the reader. */
const FEW = 2;

/** So many are read here in all before the reader has started: until then they keep the runners busy. */
const HEAD_START = 64;
const SMALL_BYTES = 16 * 1024;

type CheckFile = (path: string, limits: CheckLimits) => CheckResult;

/**
 * Reads few small files in the main thread: to ask the reader and to hear its answer would take
 * longer, and most of all while a backlog drains. What reading takes is loaded with the first news.
 */
export class ReadHere {
  readonly #limits: Readonly<CheckLimits>;
  readonly #isReaderReady: () => boolean;
  #headStart = HEAD_START;
  #isPrepared = false;
  #checkFile: CheckFile | null = null;

  /** The limits may change while it works. */
  constructor(limits: Readonly<CheckLimits>, isReaderReady: () => boolean) {
    this.#limits = limits;
    this.#isReaderReady = isReaderReady;
  }

  /**
   * Work is on its way, and settles first. Resolves when files can be read here. Rejects where what it
   * takes cannot be loaded: then the reader reads them all.
   */
  async prepare(): Promise<void> {
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    const [{ checkFile }, { rehearse }] = await Promise.all([
      import('../intent/read.ts'),
      import('../intent/rehearse.ts'),
    ]);
    rehearse(this.#limits);
    this.#checkFile = checkFile;
  }

  /** The results in the order of the paths, or null where the reader had better look. */
  check(paths: readonly string[]): CheckResult[] | null {
    const checkFile = this.#checkFile;
    const isMany = paths.length > FEW;
    if (!checkFile || (isMany && !this.#mayStart(paths.length)) || !paths.every(isSmall))
      return null;
    if (isMany) this.#headStart -= paths.length;
    return paths.map((path) => checkFile(path, this.#limits));
  }

  #mayStart(count: number): boolean {
    return count <= this.#headStart && !this.#isReaderReady();
  }
}

function isSmall(path: string): boolean {
  try {
    return (lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) <= SMALL_BYTES;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
