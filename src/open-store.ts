import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './config/settings.ts';
import type { Hold } from './queue/hold.ts';
import {
  isJournalSegment,
  isUnfinishedSnapshot,
  journalOwner,
  type Layout,
  layoutOf,
} from './spool/layout.ts';
import type { Members } from './spool/members.ts';
import { type StateOptions, Store } from './state/store.ts';
import type { Log } from './telemetry/log.ts';

/** Opens the state of this instance, and joins it with who else lives and with the hold. */
export function openStore(
  { handoff, instance, leaseTtlMs }: Settings,
  layout: Layout,
  members: Members,
  life: string,
  hold: Hold,
  log: Log,
  syncFiled: StateOptions['syncFiled'],
): Promise<Store> {
  return Store.open({
    snapshot: layout.snapshot,
    journal: layout.journal,
    stateFiles: () => {
      return readdirSync(layout.handoff)
        .filter((name) => isJournalSegment(name) || isUnfinishedSnapshot(name))
        .map((name) => join(layout.handoff, name));
    },
    others: {
      names: () => members.others,
      look: () => members.look(),
      journalOf: (name) => layoutOf(handoff, name, life).journal,
      isOurs: (journal) => members.isLeftToUs(journalOwner(journal)),
      isInPlace: (name, its) => members.isInPlace(name, its),
      leads: () => members.leads,
      graceMs: 2 * leaseTtlMs,
    },
    instance,
    status: layout.status,
    life,
    syncFiled,
    guard: (what, step, reach) =>
      reach === 'open' ? hold.guardOpen('disk', what, step) : hold.guard('disk', what, step),
    report: (message, damaged) => {
      if (damaged) log.error({ error_type: 'state', error_code: 'E009' }, message);
      else log.info(message);
    },
  });
}
