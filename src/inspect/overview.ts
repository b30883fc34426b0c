import { statSync } from 'node:fs';
import type { Settings } from '../config/settings.ts';
import { isIntentName } from '../intent/names.ts';
import { errnoOf } from '../platform/index.ts';
import { type Layout, layoutOf } from '../spool/layout.ts';
import { nameOf } from '../spool/raw-names.ts';
import { StateReader } from '../state/reader.ts';
import { LaterVersion } from '../state/records.ts';
import { askHealth, type Health, type HealthPort, healthUrl } from './health.ts';
import { type Instance, type InstanceState, readInstances } from './instances.ts';
import { countIntents, journalFiles, modifiedMs, namesIn, rawPath } from './listing.ts';
import { Outcomes, type Rate } from './outcomes.ts';
import { readStatus } from './status-file.ts';

/** What can be seen of a spool from outside at one moment; `status -json` prints it as it is. */
export type Overview = {
  time: string;
  handoff: string;
  /** Nothing is wrong, as far as can be told from outside. */
  ok: boolean;
  instances: {
    name: string;
    state: InstanceState;
    host: string | null;
    pid: number | null;
    since: string | null;
    claimed: number;
  }[];
  /** Null where the settings open no health port. */
  health: Health | null;
  waiting: {
    count: number;
    /** The one dropped first of the first 10,000 that the directory lists. */
    oldest: { name: string; since: string } | null;
  };
  claimed: {
    count: number;
    /** At most 100 of them. */
    intents: { name: string; instance: string; since: string | null; attempt: number | null }[];
  };
  /** Files in processed/ and failed/. */
  filed: { processed: number; failed: number };
  rates: Rate[];
  /** The latest first. */
  failures: { name: string; time: string; code: string | null; message: string; file: string }[];
  /** What could not be read, and what is wrong with it. */
  problems: string[];
};

/** So many waiting files are looked at for the oldest one. */
const OLDEST_AMONG = 10_000;
const CLAIMS_LISTED = 100;

export type OverviewSettings = Pick<Settings, 'handoff' | 'instance' | 'leaseTtlMs'> & {
  http: HealthPort;
};

/** Looks at a spool again and again: each look reads on in the state where the one before ended. */
export class Observer {
  readonly #settings: OverviewSettings;
  readonly #failures: number;
  readonly #layout: Layout;
  readonly #reader: StateReader;
  readonly #outcomes: Outcomes;

  /** `failures`: how many of the last ones are told. */
  constructor(settings: OverviewSettings, failures: number) {
    this.#settings = settings;
    this.#failures = failures;
    this.#layout = layoutOf(settings.handoff, settings.instance, '');
    this.#reader = new StateReader(this.#layout.snapshot, () => journalFiles(settings.handoff));
    this.#outcomes = new Outcomes(failures);
  }

  /** What there is now, and what cannot be read of it. */
  async look(): Promise<Overview> {
    const { handoff, processed, failed } = this.#layout;
    const now = Date.now();
    const problems: string[] = [];
    const tried = <T>(what: string, step: () => Promise<T>, otherwise: T) =>
      step().catch((error: unknown) => {
        problems.push(problemOf(what, error));
        return otherwise;
      });
    const waiting = await tried(handoff, () => waitingIn(handoff), { count: 0, oldest: null });
    const instances = await tried('.inflight', async () => this.#instances(now), []);
    await tried('the state', () => this.#reader.readOn(this.#outcomes), undefined);
    if (this.#reader.damaged > 0) {
      problems.push(`${this.#reader.damaged} lines of the state are damaged (E009)`);
    }
    const filed = await tried(
      'processed and failed',
      async () => ({
        processed: await countIntents(processed),
        failed: await countIntents(failed),
      }),
      { processed: 0, failed: 0 },
    );
    const failures = await tried('status', async () => this.#lastFailures(), []);
    const health = await this.#health(instances);
    const troubled = instances.some(({ state }) => state === 'dead' || state === 'silent');
    const sick = health !== null && health.state !== 'pass';
    return {
      time: new Date(now).toISOString(),
      handoff,
      ok: problems.length === 0 && !troubled && !sick,
      instances: instances.map((one) => ({ ...one, claimed: one.claimed.length })),
      health,
      waiting,
      claimed: this.#claimed(instances),
      filed,
      rates: this.#outcomes.rates(),
      failures,
      problems,
    };
  }

  #instances(now: number): Instance[] {
    return readInstances(this.#layout, this.#settings.leaseTtlMs, now);
  }

  /** Asked only where somebody could answer: else there is no health to tell. */
  async #health(instances: readonly Instance[]): Promise<Health | null> {
    const url = healthUrl(this.#settings.http);
    if (url === null || !instances.some(({ state }) => state === 'alive')) return null;
    return askHealth(url);
  }

  #claimed(instances: readonly Instance[]): Overview['claimed'] {
    const all = instances.flatMap(({ name: instance, claimed }) => {
      return claimed.map((name) => ({ name, instance }));
    });
    const intents = all.slice(0, CLAIMS_LISTED).map(({ name, instance }) => {
      const begun = this.#outcomes.begun(name);
      const since = begun && new Date(begun.at).toISOString();
      return { name, instance, since, attempt: begun?.attempt ?? null };
    });
    return { count: all.length, intents };
  }

  #lastFailures(): Overview['failures'] {
    const told: Overview['failures'] = [];
    for (const { name, at, status: recorded } of this.#outcomes.failures) {
      if (told.length === this.#failures) break;
      const status = readStatus(this.#layout, name) ?? recorded;
      // Its latest report says more than the record where that is from before a crash.
      if (status?.status === 'success' || status?.status === 'skipped') continue;
      told.push({
        name,
        time: new Date(at).toISOString(),
        code: status?.error_details?.error_code ?? null,
        message: status?.error_details?.error_message ?? 'its status file is gone',
        file: status?.moved_to ?? '',
      });
    }
    return told;
  }
}

async function waitingIn(handoff: string): Promise<Overview['waiting']> {
  // One that was taken away is not an empty one.
  statSync(handoff);
  let count = 0;
  let oldest: { rawName: string; time: number } | null = null;
  for await (const names of namesIn(handoff)) {
    for (const rawName of names) {
      if (!isIntentName(rawName) || ++count > OLDEST_AMONG) continue;
      const time = modifiedMs(rawPath(handoff, rawName));
      if (time !== null && (oldest === null || time < oldest.time)) oldest = { rawName, time };
    }
  }
  if (oldest === null) return { count, oldest };
  const { rawName, time } = oldest;
  return {
    count,
    oldest: { name: nameOf(rawName) ?? rawName, since: new Date(time).toISOString() },
  };
}

/** One line: what could not be used, why, and what to do. Throws what the system did not cause. */
export function problemOf(what: string, error: unknown): string {
  if (error instanceof LaterVersion) return error.message;
  const errno = errnoOf(error);
  if (errno === undefined || !(error instanceof Error)) throw error;
  const isForbidden = errno === 'EACCES' || errno === 'EPERM';
  const hint = isForbidden ? '; run this as the user that conductor-loop runs as' : '';
  return `${what}: ${error.message}${hint}`;
}
