import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { FileIdentity } from '../intent/types.ts';
import type { Hold } from '../queue/hold.ts';
import {
  type Claim,
  claim,
  exists,
  giveBack,
  identityIfThere,
  sameIdentity,
} from '../spool/claim.ts';
import { assertUsable, ensureDirectories } from '../spool/directories.ts';
import { giveUp } from '../spool/ground.ts';
import type { Intake, Waiting } from '../spool/intake.ts';
import type { Layout } from '../spool/layout.ts';
import type { Members } from '../spool/members.ts';
import type { Store } from '../state/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Meter } from '../telemetry/meter.ts';
import type { Tally } from './tally.ts';

export type ClaimsParts = {
  settings: Settings;
  layout: Layout;
  log: Log;
  hold: Hold;
  store: Store;
  members: Members;
  intake: Intake;
  tally: Tally;
  meter: Meter;
};

const moveHint =
  process.platform === 'win32'
    ? 'look at who has it open, and at its permissions'
    : 'look at its owner and at lsattr';

/** Takes files out of handoff for this instance, and puts back what it does not run. */
export class Claims {
  readonly #parts: ClaimsParts;
  readonly #stuck = new Set<string>();

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  /** Names that the system does not let us move. */
  get stuck(): ReadonlySet<string> {
    return this.#stuck;
  }

  /**
   * Claims a file, unless `mayTake` says by then that it is not ours to take, or another instance has
   * one of its name in hand (`elsewhere`). `taken` is told before anybody else has a turn. Rejects
   * with DirectoryLost.
   */
  async take(
    name: string,
    path: Waiting['path'],
    mayTake: () => boolean,
    taken: (identity: FileIdentity) => void = () => {},
  ): Promise<Claim | { kind: 'not-ours' | 'elsewhere' }> {
    const { hold, layout, log, intake, settings, members } = this.#parts;
    const take = () => {
      if (!mayTake()) return { kind: 'not-ours' } as const;
      if (members.isClaimedElsewhere(name)) return { kind: 'elsewhere' } as const;
      let result = this.#claim(path, name);
      if (result.kind === 'refused') {
        // Where no file can be moved at all, it is the directory's fault and not this file's; and
        // where one can be by now, it may have been the directory's a moment ago. Who is waited for
        // once in vain is not waited for again: the others would wait, too.
        assertUsable(layout);
        result = claim(layout, path, name, !this.#stuck.has(name));
      }
      const confirmed = this.#confirmed(name, result);
      if (confirmed.kind === 'claimed') taken(confirmed.identity);
      return confirmed;
    };
    const found = await hold.guard('disk', `claim ${name}`, take, giveUp);
    if (found.kind === 'claimed') this.#stuck.delete(name);
    if (found.kind === 'busy') intake.settle(name, settings.debounceMs);
    if (found.kind === 'refused') {
      if (!this.#stuck.has(name)) {
        this.#parts.meter.failed('E005');
        log.error(
          { intent_file: name, error_type: 'spool', error_code: 'E005' },
          `${name} cannot be moved out of handoff (${found.errno}): ${moveHint}; ` +
            `${settings.once ? 'it is left there' : 'it is tried again'}`,
        );
      }
      this.#stuck.add(name);
      if (!settings.once) intake.settle(name, settings.periodMs);
    }
    return found;
  }

  #claim(path: Waiting['path'], name: string): Claim {
    const { layout } = this.#parts;
    try {
      return claim(layout, path, name);
    } catch (error) {
      // Somebody may have removed the directory that claims go to.
      if (exists(layout.inflight)) throw error;
      ensureDirectories(layout);
      return claim(layout, path, name);
    }
  }

  /**
   * We may have been stopped since we looked whether we may claim. What another has in hand under
   * this name, or may have finished unknown to us, is left alone.
   */
  #confirmed(name: string, result: Claim): Claim | { kind: 'elsewhere' } {
    const { hold, members, store, layout } = this.#parts;
    if (result.kind !== 'claimed') return result;
    const alone = members.alone || (!members.isClaimedElsewhere(name) && store.catchUp());
    if (alone && hold.wasHere) return result;
    const claimed = identityIfThere(join(layout.inflight, name));
    if (sameIdentity(result.identity, claimed)) giveBack(layout, name);
    return { kind: 'elsewhere' };
  }

  /**
   * Puts back what its writer may still complete; false where a newer file of its name stands there.
   * Rejects with DirectoryLost.
   */
  async settleAgain(name: string): Promise<boolean> {
    const { hold, layout, intake, settings } = this.#parts;
    const putBack = () => giveBack(layout, name) === 'moved';
    const isBack = await hold.guard('disk', `give ${name} back`, putBack, giveUp);
    if (isBack) intake.settle(name, settings.debounceMs);
    return isBack;
  }

  /** A file that was claimed and not run goes back; where a newer one stands it stays claimed. */
  giveBack(name: string): void {
    const { layout, hold, tally, log } = this.#parts;
    // Elsewhere there is nothing to give back, and whatever bears its name is not ours.
    if (!hold.isHere) return;
    try {
      if (giveBack(layout, name) === 'moved') tally.givenBack++;
      else log.info({ intent_file: name }, `${name} stays claimed until the next start`);
    } catch (error) {
      log.warn(
        { intent_file: name, err: error },
        `${name} could not be given back; next start will`,
      );
    }
  }
}
