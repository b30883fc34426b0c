import { lstatSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { readIntent } from '../intent/read.ts';
import { packagePath, RefusedPackage } from '../porch/builtin/plan.ts';
import { exists } from '../spool/claim.ts';
import { errorLogName, type Layout, layoutOf, originalName } from '../spool/layout.ts';
import type { PastOutcome } from '../state/history.ts';
import { StateReader, type StateVisitor } from '../state/reader.ts';
import type { JournalRecord } from '../state/records.ts';
import { readInstances } from './instances.ts';
import { journalFiles, namesIn } from './listing.ts';
import { readErrorLog, readStatus, type StatusFile } from './status-file.ts';

/** A file of an intent, where it is now. */
export type Place = {
  /** Below handoff. */
  file: string;
  size: number;
  modified: string;
  mode: string;
  owner: number;
};

/** One thing that the journals tell of an intent. */
export type StoryEvent = {
  what: 'begun' | 'given back' | 'success' | 'failed' | 'timeout' | 'skipped' | 'moved' | 'filed';
  /** Null where the record bears none. */
  time: string | null;
  instance: string;
  detail: string;
};

/** Everything that is known of one intent; `show -json` prints it as it is. */
export type Story = {
  name: string;
  /** Where files of its name are, also those that were filed with a time behind it. */
  places: Place[];
  /** Its latest outcome in the snapshot, and the first half of the SHA-256, which is what is kept. */
  snapshot: { time: string; succeeded: boolean; sha256_half: string } | null;
  /** What the journals say since the snapshot. */
  journal: StoryEvent[];
  status: StatusFile | null;
  log: { file: string; text: string } | null;
  /** The package that the embedded porch has written for it; null where that did not. */
  package: { path: string; exists: boolean } | null;
};

/** Gathers the story of one intent. Throws LaterVersion and errno errors. */
export async function storyOf(settings: Settings, name: string): Promise<Story> {
  const layout = layoutOf(settings.handoff, settings.instance, '');
  const memory = new NameMemory(name);
  await new StateReader(layout.snapshot, () => journalFiles(settings.handoff)).readOn(memory);
  const status = readStatus(layout, name);
  return {
    name,
    places: await placesOf(layout, settings, name),
    snapshot: memory.snapshot,
    journal: memory.events,
    status,
    log: errorLogOf(layout, status, name),
    package: packageOf(layout, settings, status),
  };
}

/** Whether there is nothing by that name, nor ever was as far as is remembered. */
export function isUnknown({ places, snapshot, journal, status, log }: Story): boolean {
  return places.length + journal.length === 0 && !snapshot && !status && !log;
}

/** What the state tells of one name. */
class NameMemory implements StateVisitor {
  snapshot: Story['snapshot'] = null;
  events: StoryEvent[] = [];
  readonly #name: string;
  readonly #entryStart: string;
  readonly #quoted: string;
  #seqs = new Set<string>();

  constructor(name: string) {
    this.#name = name;
    this.#quoted = JSON.stringify(name);
    this.#entryStart = `[${this.#quoted},`;
  }

  begin(): void {
    this.snapshot = null;
    this.events = [];
    this.#seqs.clear();
  }

  glance(line: string): boolean {
    if (line.startsWith('["')) return line.startsWith(this.#entryStart);
    return line.includes(this.#quoted) || /^.{9}\{"t":"(?:redirected|filed)"/.test(line);
  }

  entry(name: string, { sha, succeeded, at }: PastOutcome): void {
    if (name === this.#name) this.snapshot = { time: timeOf(at), succeeded, sha256_half: sha };
  }

  unfinished(record: JournalRecord): void {
    this.record(record, '');
  }

  record(record: JournalRecord, instance: string): void {
    const event = this.#eventOf(record);
    if (event !== null) this.events.push({ instance, ...event });
  }

  #eventOf(record: JournalRecord): Omit<StoryEvent, 'instance'> | null {
    if (record.t === 'start' && record.name === this.#name) {
      const deaths = record.deaths > 0 ? `, ${record.deaths} deaths before` : '';
      const detail = `attempt ${record.attempt}${deaths}`;
      return { what: record.run === '' ? 'given back' : 'begun', time: timeOf(record.at), detail };
    }
    if (record.t === 'outcome' && record.name === this.#name) {
      this.#seqs.add(record.seq);
      return { what: record.outcome, time: timeOf(record.at), detail: `to ${record.to}` };
    }
    if (record.t === 'redirected' && this.#seqs.has(record.seq)) {
      return { what: 'moved', time: null, detail: `to ${record.to}` };
    }
    if (record.t === 'filed' && record.seqs.some((seq) => this.#seqs.has(seq))) {
      return { what: 'filed', time: null, detail: '' };
    }
    return null;
  }
}

const timeOf = (at: number): string => new Date(at).toISOString();

/** Of several in one directory the one with the latest time in its name comes last. */
async function placesOf(layout: Layout, { leaseTtlMs }: Settings, name: string): Promise<Place[]> {
  const claims = readInstances(layout, leaseTtlMs, Date.now())
    .filter(({ claimed }) => claimed.includes(name))
    .map((instance) => join(layout.inflightRoot, instance.name, name));
  const found = [join(layout.handoff, name), ...claims];
  for (const directory of [layout.processed, layout.failed]) {
    found.push(...(await filedAs(directory, name)).map((file) => join(directory, file)));
  }
  return found.map((path) => placeOf(layout, path)).filter((place) => place !== null);
}

async function filedAs(directory: string, name: string): Promise<string[]> {
  const start = Buffer.from(name).toString('latin1');
  const files: string[] = [];
  for await (const names of namesIn(directory)) {
    for (const rawName of names) {
      if (!rawName.startsWith(start)) continue;
      const file = Buffer.from(rawName, 'latin1').toString();
      if (file === name || originalName(file) === name) files.push(file);
    }
  }
  return files.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

function placeOf({ handoff }: Layout, path: string): Place | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return null;
  return {
    file: relative(handoff, path),
    size: found.size,
    modified: found.mtime.toISOString(),
    mode: (found.mode & 0o7777).toString(8).padStart(4, '0'),
    owner: found.uid,
  };
}

function errorLogOf(layout: Layout, status: StatusFile | null, name: string): Story['log'] {
  const latest = status?.moved_to ?? '';
  const file = latest.startsWith('failed/') ? latest.slice('failed/'.length) : name;
  const text = readErrorLog(layout, file);
  return text === null ? null : { file: `failed/${errorLogName(file)}`, text };
}

/** Where the package is, the intent tells: it is looked for where it was filed. */
function packageOf(
  { handoff }: Layout,
  settings: Settings,
  status: StatusFile | null,
): Story['package'] {
  const isDone = status?.status === 'success' || status?.status === 'skipped';
  if (!isDone || status.porch_path !== 'builtin') return null;
  const read = readIntent(join(handoff, status.moved_to), settings);
  if (read.kind !== 'accepted') return null;
  try {
    const path = packagePath(read.value, settings.out);
    return { path, exists: exists(path) };
  } catch (error) {
    if (error instanceof RefusedPackage) return null;
    throw error;
  }
}
