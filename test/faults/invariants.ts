import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../../src/state/lines.ts';
import { decodeRecord } from '../../src/state/records.ts';
import { readSnapshot } from '../../src/state/snapshot.ts';
import type { Spool } from '../e2e/spool.ts';
import { JournalArchive } from './journal-archive.ts';

/** A file that was dropped: by name and content it is found again. */
type Drop = {
  name: string;
  sha: string;
  /** The error code that it ends with in failed/; undefined where porch does its work for it. */
  code: string | undefined;
};

/** A file in processed/ or failed/. */
type Filed = { path: string; name: string; sha: string; code: string | undefined };

export type CheckOptions = {
  /** Error codes that the fault explains: with one of these any drop may lie in failed/. */
  allowed?: readonly string[];
  /** Whether copies of damaged state files may lie there (`*.damaged-DATE`). */
  damaged?: boolean;
};

const STAMPED = /\.\d{8}T\d{9}Z(-\d+)?\.json$/;
const TEMPORARY = /\.tmp$|\.dead$|\.lease\.[^/]*$|\.(old|new|gone)$/;
const DAMAGED = /\.damaged-[^/]*$/;
const STATE_FILE = /^\.conductor-state\.(json(\.go-backup)?|.+\.journal(\.\d+(-\d+)?)?)$/;

const digest = (content: string | Buffer): string => hash('sha256', content);
const keyOf = ({ name, sha }: { name: string; sha: string }) => `${name} ${sha}`;

/**
 * What holds whatever happens to the program, its disk and its porch. A test tells what it drops,
 * calls `collect` before each restart (and before a clean stop, which removes the journals), and
 * `check` when everything has come to rest.
 */
export class Invariants {
  readonly #spool: Spool;
  readonly #archive: JournalArchive;
  readonly #drops: Drop[] = [];
  /** Runs of porch by name and content, when all outcomes of these were seen on record. */
  readonly #concluded = new Map<string, number>();

  constructor(spool: Spool) {
    this.#spool = spool;
    this.#archive = new JournalArchive(spool.handoff);
  }

  /** Drops a file into handoff; `code` is the error that it is to end with. */
  drop(name: string, content: string | Buffer, { code }: { code?: string } = {}): void {
    this.expect(name, content, { code });
    this.#spool.drop(name, content);
  }

  /** Counts a file as dropped that the test brings into handoff itself. */
  expect(name: string, content: string | Buffer, { code }: { code?: string | undefined } = {}) {
    const drop = { name, sha: digest(content), code };
    this.#drops.push(drop);
    this.#concluded.delete(keyOf(drop));
  }

  /** Whether each drop lies in processed/ or failed/ and nothing waits or is claimed. */
  get settled(): boolean {
    const { length } = [...this.#filedIn('processed'), ...this.#filedIn('failed')];
    const waiting = this.#spool.list().some((name) => name.startsWith('intent-'));
    return length >= this.#drops.length && !waiting && this.#spool.claimed.length === 0;
  }

  /** Drops that lie in neither processed/ nor failed/. */
  get waiting(): number {
    const { length } = [...this.#filedIn('processed'), ...this.#filedIn('failed')];
    return this.#drops.length - length;
  }

  /** Remembers what is on record now, and how often porch was begun for it. */
  async collect(): Promise<void> {
    await this.#archive.collect();
    const recorded = tally(this.#archive.outcomes.map(keyOf));
    const dropped = tally(this.#drops.map(keyOf));
    const runs = this.#runs();
    for (const [key, count] of dropped) {
      if (this.#concluded.has(key) || recorded.get(key) !== count) continue;
      this.#concluded.set(key, runs.get(key) ?? 0);
    }
  }

  /** Throws one AssertionError that lists everything that is wrong. */
  async check({ allowed = [], damaged = false }: CheckOptions = {}): Promise<void> {
    await this.collect();
    const { history, problems } = await this.#readState();
    const wrong = [
      ...this.#misplaced(allowed),
      ...this.#wrongStatuses(),
      ...this.#wrongRecords(history),
      ...this.#repeatedRuns(),
      ...problems,
      ...this.#strays(damaged),
    ];
    assert.equal(wrong.length, 0, `${wrong.length} things are wrong:\n- ${wrong.join('\n- ')}`);
  }

  /** Starts of porch by name and content. */
  #runs(): Map<string, number> {
    const starts = this.#spool.porchLog.filter(({ event }) => event === 'start');
    return tally(starts.map(({ name, sha256 }) => `${name} ${sha256}`));
  }

  /** Every drop is in exactly one of processed/ and failed/, and nothing else is. */
  #misplaced(allowed: readonly string[]): string[] {
    const wrong: string[] = [];
    const files = [...this.#filedIn('processed'), ...this.#filedIn('failed')];
    const left = Map.groupBy(files, keyOf);
    for (const drop of this.#drops) {
      const found = left.get(keyOf(drop))?.shift();
      if (!found) wrong.push(`${drop.name} is neither in processed/ nor in failed/`);
      else if (found.code === drop.code || allowed.includes(found.code ?? '')) continue;
      else {
        const ended = `${found.code ?? 'success'}, not ${drop.code ?? 'success'}`;
        wrong.push(`${found.path} ended with ${ended}${this.#reason(found.path)}`);
      }
    }
    for (const { path } of [...left.values()].flat()) wrong.push(`${path} was never dropped`);
    for (const name of this.#spool.list()) {
      if (name.startsWith('intent-')) wrong.push(`${name} is still in handoff`);
    }
    for (const name of this.#spool.claimed) wrong.push(`${name} is still in .inflight/`);
    return wrong;
  }

  /** What its error log says. */
  #reason(path: string): string {
    const log = this.#spool.path('handoff', `${path}.error.log`);
    return existsSync(log) ? `: ${readFileSync(log, 'utf8').replaceAll('\n', ' | ')}` : '';
  }

  /** The intents in a directory, by the names that they were dropped under. */
  #filedIn(directory: 'processed' | 'failed'): Filed[] {
    const names = this.#spool.list(directory);
    return names
      .filter((name) => name.startsWith('intent-') && name.endsWith('.json'))
      .map((entry) => {
        const log = `${entry}.error.log`;
        const text = names.includes(log) ? this.#spool.read(directory, log) : '';
        return {
          path: `${directory}/${entry}`,
          name: entry.replace(STAMPED, ''),
          sha: digest(readFileSync(join(this.#spool.handoff, directory, entry))),
          code:
            directory === 'failed'
              ? (/^error: (E0\d\d)/m.exec(text)?.[1] ?? 'no error log')
              : undefined,
        };
      });
  }

  /** Each name has a readable status, which leads to a file of that name and says what became of it. */
  #wrongStatuses(): string[] {
    return [...new Set(this.#drops.map(({ name }) => name))].flatMap((name) => {
      try {
        const status = this.#spool.status(name);
        if (status === null) return [`${name} has no status`];
        const { moved_to: place, sha256, status: outcome } = status;
        const path = join(this.#spool.handoff, place);
        if (!existsSync(path)) return [`the status of ${name} leads to ${place}, where nothing is`];
        const good = outcome === 'success' || outcome === 'skipped';
        const wrong = good === place.startsWith('processed/') ? [] : [`${place} is ${outcome}`];
        if (sha256 !== '' && digest(readFileSync(path)) !== sha256) {
          wrong.push(`the status of ${name} speaks of other content than that of ${place}`);
        }
        return wrong;
      } catch (error) {
        return [`the status of ${name} cannot be read: ${error}`];
      }
    });
  }

  /**
   * Each drop was recorded, and once. Where a clean stop took a journal away before it was read, the
   * snapshot must know the name instead.
   */
  #wrongRecords(history: ReadonlySet<string>): string[] {
    const { outcomes } = this.#archive;
    const wrong: string[] = [];
    for (const [name, drops] of Map.groupBy(this.#drops, (drop) => drop.name)) {
      const records = outcomes.filter((record) => record.name === name);
      const said = records.map(({ seq, outcome }) => `${seq} ${outcome}`).join(', ');
      if (records.length > drops.length) {
        wrong.push(`${name}: ${drops.length} drops and ${records.length} outcomes (${said})`);
      } else if (records.length < drops.length && !history.has(name)) {
        wrong.push(`${name}: ${drops.length} drops and only ${records.length} outcomes (${said})`);
      }
    }
    return wrong;
  }

  /** Nothing was run again after its outcome was on record. */
  #repeatedRuns(): string[] {
    const runs = this.#runs();
    return [...this.#concluded].flatMap(([key, before]) => {
      const now = runs.get(key) ?? 0;
      return now === before ? [] : [`${key} was run ${now - before} times after it was recorded`];
    });
  }

  /** The names that the snapshot remembers, and what is wrong with snapshot and journals. */
  async #readState(): Promise<{ history: ReadonlySet<string>; problems: string[] }> {
    const history = new Set<string>();
    const problems: string[] = [];
    const snapshot = join(this.#spool.handoff, '.conductor-state.json');
    const entry = (name: string) => history.add(name);
    try {
      if (existsSync(snapshot)) {
        JSON.parse(readFileSync(snapshot, 'utf8'));
        const reader = { covers: () => {}, unfinished: () => {}, entry };
        const damaged = await readSnapshot(snapshot, reader);
        if (damaged > 0) problems.push(`the snapshot has ${damaged} damaged lines`);
      }
    } catch (error) {
      problems.push(`the snapshot cannot be read: ${error}`);
    }
    for (const path of this.#archive.segments()) {
      for await (const { text, whole } of linesOf(path)) {
        if (!whole || decodeRecord(text) !== null) continue;
        problems.push(`${path} has a damaged line: ${text}`);
      }
    }
    return { history, problems };
  }

  /** Files that no part of the program has a use for any more. */
  #strays(damaged: boolean): string[] {
    const { handoff, out } = this.#spool;
    const hidden = (directory: string) =>
      readdirSync(join(handoff, directory)).filter((name) => name.startsWith('.'));
    const strays = hidden('.').filter((name) => {
      return !(STATE_FILE.test(name) || name === '.inflight' || (damaged && DAMAGED.test(name)));
    });
    for (const directory of ['processed', 'failed', 'status'].filter((name) => this.#has(name))) {
      strays.push(...hidden(directory).map((name) => join(directory, name)));
    }
    for (const root of [join(handoff, '.inflight'), out].filter((path) => existsSync(path))) {
      const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
      strays.push(...paths.filter((path) => TEMPORARY.test(path)).map((path) => join(root, path)));
    }
    return strays.map((path) => `${path} was left behind`);
  }

  #has(directory: string): boolean {
    return (
      lstatSync(join(this.#spool.handoff, directory), { throwIfNoEntry: false })?.isDirectory() ===
      true
    );
  }
}

function tally(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
