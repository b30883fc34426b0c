import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { type Call, dataOf, readCalls } from './strace.ts';

const SYNCS = new Set(['fsync', 'fdatasync']);
const WRITES = new Set(['write', 'pwrite64']);
const RENAMES = new Set(['rename', 'renameat2']);

/** Only what has ended before something else begins is known to be on disk then. */
const before = (first: Call, second: Call): boolean => first.ended < second.begun;

/** What a log of strace tells about when things reach the disk. */
export class Order {
  readonly #calls: readonly Call[];

  constructor(log: string) {
    this.#calls = readCalls(log).filter(
      ({ result }) => result !== null && !result.startsWith('-1'),
    );
  }

  /** The rename of the path, or the one to it. */
  renameOf(path: RegExp): Call {
    return this.#only((call) => RENAMES.has(call.name) && path.test(call.paths[0] ?? ''), path);
  }

  renamesTo(path: RegExp): Call[] {
    return this.#calls.filter((call) => RENAMES.has(call.name) && path.test(call.paths[1] ?? ''));
  }

  renameTo(path: RegExp): Call {
    return this.#only((call) => RENAMES.has(call.name) && path.test(call.paths[1] ?? ''), path);
  }

  removalOf(path: RegExp): Call {
    return this.#only((call) => /^unlink/.test(call.name) && path.test(call.paths[0] ?? ''), path);
  }

  creationsOf(path: RegExp): Call[] {
    const creates = ({ name, args }: Call) => name === 'openat' && args.includes('O_CREAT');
    return this.#calls.filter((call) => creates(call) && path.test(call.paths[0] ?? ''));
  }

  /** The write that put a name's outcome on record. */
  outcomeOf(name: string): Call {
    const isRecord = (call: Call) =>
      WRITES.has(call.name) &&
      /\.journal$/.test(call.watch) &&
      dataOf(call)
        .split('\n')
        .some((line) => line.includes('"t":"outcome"') && line.includes(`"name":"${name}"`));
    return this.#only(isRecord, `the outcome of ${name}`);
  }

  /** The sync that makes the data of a write durable. */
  syncOf(write: Call): Call {
    const covers = (call: Call) => SYNCS.has(call.name) && call.watch === write.watch;
    const found = this.#calls.find((call) => covers(call) && before(write, call));
    assert.ok(found, `${write.watch} is not synced after a write`);
    return found;
  }

  /** What somebody else may have written to a file is synced before it gets another name. */
  assertSyncedBefore(rename: Call): void {
    const [path = ''] = rename.paths;
    const found = this.#calls.some((call) => {
      return SYNCS.has(call.name) && call.watch === path && before(call, rename);
    });
    assert.ok(found, `${path} is not synced before ${said(rename)}`);
  }

  /** Whether everything written to a file so far was synced before this. */
  assertDataSynced(path: string, moment: Call): void {
    const writes = this.#calls.filter((call) => WRITES.has(call.name) && call.watch === path);
    const last = writes.filter((write) => before(write, moment)).at(-1);
    assert.ok(last, `nothing was written to ${path}`);
    this.assertSynced([path, dirname(path)], last, moment);
  }

  /** A sync of one of the paths, or of the file system under them, begins and ends between two calls. */
  assertSynced(paths: readonly string[], after: Call, moment: Call): void {
    const [path = ''] = paths;
    const found = this.#calls.find((call) => {
      const covers = SYNCS.has(call.name) ? call.watch === path : call.name === 'syncfs';
      return covers && before(after, call) && before(call, moment);
    });
    assert.ok(found, `${path} is not synced between ${said(after)} and ${said(moment)}`);
  }

  assertBefore(first: Call, second: Call): void {
    assert.ok(before(first, second), `${said(first)} is not over before ${said(second)}`);
  }

  #only(matches: (call: Call) => boolean, what: RegExp | string): Call {
    const [found, ...others] = this.#calls.filter(matches);
    assert.ok(found, `nothing in the log is ${what}`);
    assert.equal(others.length, 0, `${what} is there ${others.length + 1} times`);
    return found;
  }
}

const said = ({ name, paths, begun }: Call) => `${name}(${paths.join(', ')}) of line ${begun}`;
