import { join } from 'node:path';
import type { Settings } from './config/settings.ts';
import { entriesOf } from './platform/index.ts';
import type { Hold } from './queue/hold.ts';
import { syncFiled, syncSpool } from './spool/durable.ts';
import {
  isJournalSegment,
  isUnfinishedSnapshot,
  journalOwner,
  type Layout,
  layoutOf,
} from './spool/layout.ts';
import type { Members } from './spool/members.ts';
import { Store } from './state/store.ts';
import type { Log } from './telemetry/log.ts';
import type { Meter } from './telemetry/meter.ts';

/** Reads the state, and says what is done to it and found wrong with it. */
export function openStore(
  { handoff, instance, leaseTtlMs }: Settings,
  layout: Layout,
  members: Members,
  life: string,
  hold: Hold,
  log: Log,
  meter: Meter,
): Promise<Store> {
  return Store.open({
    snapshot: layout.snapshot,
    journal: layout.journal,
    stateFiles: () => stateFilesIn(layout.handoff),
    others: {
      names: () => members.others,
      look: () => members.look(),
      journalOf: (name) => layoutOf(handoff, name, life).journal,
      isOurs: (journal) => members.isLeftToUs(journalOwner(journal)),
      isInPlace: (journal, its) => members.isInPlace(journalOwner(journal), its),
      leads: () => members.leads,
      graceMs: 2 * leaseTtlMs,
    },
    instance,
    status: layout.status,
    life,
    syncFiled: (filed) => (filed ? syncFiled(layout, filed) : syncSpool(layout)),
    operated: (operation) => meter.stateOperated(operation),
    guard: (what, step, reach) =>
      reach === 'open' ? hold.guardOpen('disk', what, step) : hold.guard('disk', what, step),
    report: (message, damaged) => {
      if (damaged) meter.failed('E009');
      if (damaged) log.error({ error_type: 'state', error_code: 'E009' }, message);
      else log.info(message);
    },
  });
}

/** A million intents may lie beside them. Throws errno errors. */
async function stateFilesIn(handoff: string): Promise<string[]> {
  const found: string[] = [];
  for await (const rawNames of entriesOf(handoff, { prefix: '.' })) {
    for (const rawName of rawNames) {
      if (!isJournalSegment(rawName) && !isUnfinishedSnapshot(rawName)) continue;
      found.push(join(handoff, Buffer.from(rawName, 'latin1').toString()));
    }
  }
  return found;
}
