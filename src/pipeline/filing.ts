import { join } from 'node:path';
import type { FileIdentity } from '../intent/types.ts';
import { errnoOf } from '../platform/index.ts';
import type { Hold } from '../queue/hold.ts';
import { identityIfThere, sameIdentity } from '../spool/claim.ts';
import { ensureDirectories } from '../spool/directories.ts';
import { destination, file } from '../spool/finish.ts';
import { giveUp } from '../spool/ground.ts';
import type { Layout } from '../spool/layout.ts';
import type { OutcomeRecord } from '../state/records.ts';
import type { Store } from '../state/store.ts';
import type { Meter } from '../telemetry/meter.ts';
import { withDestination } from './report.ts';

export type FilingParts = { layout: Layout; store: Store; hold: Hold; meter: Meter };

/** Puts concluded intents on record and into their place, in this order and no other. */
export class Filing {
  readonly #layout: Layout;
  readonly #store: Store;
  readonly #hold: Hold;
  readonly #meter: Meter;

  constructor({ layout, store, hold, meter }: FilingParts) {
    this.#layout = layout;
    this.#store = store;
    this.#hold = hold;
    this.#meter = meter;
  }

  /**
   * A free place for a claimed file, below handoff. Where that is lost, what is on record is filed
   * when it is back, and the place chosen anew if need be.
   */
  destination(to: 'processed' | 'failed', name: string): Promise<string> {
    return this.#disk(
      `choose a place for ${name}`,
      () => destination(this.#layout, to, name),
      () => `${to}/${name}`,
    );
  }

  /** Whether a claimed file is no longer the one that was read; also when it is gone. */
  hasChanged(name: string, identity: FileIdentity | null): Promise<boolean> {
    return this.#disk(
      `look at ${name}`,
      () => !sameIdentity(identity, identityIfThere(join(this.#layout.inflight, name))),
      () => false,
    );
  }

  /** Records an outcome; when that is on disk, writes the status and moves the file. */
  async conclude(outcome: Omit<OutcomeRecord, 't' | 'seq'>): Promise<OutcomeRecord> {
    const record = await this.#store.record(outcome);
    await this.place(record);
    return record;
  }

  /** Status and move for an outcome that is on record; may be repeated. */
  async place(record: OutcomeRecord): Promise<void> {
    const to = record.to.startsWith('failed/') ? 'failed' : 'processed';
    for (;;) {
      const done = await this.#disk(`file ${record.name}`, () => file(this.#layout, record));
      if (done === 'filed') this.#meter.filed(to);
      if (done !== 'occupied') break;
      record.to = await this.destination(to, record.name);
      record.status = withDestination(record.status, record.to);
      await this.#store.redirect(record.seq, record.to);
    }
    this.#store.filed(record);
  }

  /** Runs a step on the spool; a directory that was removed meanwhile is made again. */
  #disk<T>(what: string, step: () => T, lost: () => T = giveUp): Promise<T> {
    const mended = () => {
      try {
        return step();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') {
          ensureDirectories(this.#layout);
        }
        throw error;
      }
    };
    return this.#hold.guard('disk', what, mended, lost);
  }
}
