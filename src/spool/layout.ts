import { join } from 'node:path';

/** Every path of a spool, named here and nowhere else. */
export type Layout = {
  handoff: string;
  processed: string;
  failed: string;
  status: string;
  /** `.inflight`: a directory and a lease for each instance. */
  inflightRoot: string;
  /** `.inflight/INSTANCE`: what this instance has claimed. */
  inflight: string;
  lease: string;
  /** Its modification time says when old files were last looked for. */
  cleaned: string;
  snapshot: string;
  journal: string;
};

export function layoutOf(handoff: string, instance: string): Layout {
  const inflightRoot = join(handoff, '.inflight');
  return {
    handoff,
    processed: join(handoff, 'processed'),
    failed: join(handoff, 'failed'),
    status: join(handoff, 'status'),
    inflightRoot,
    inflight: join(inflightRoot, instance),
    lease: join(inflightRoot, `${instance}${LEASE_SUFFIX}`),
    cleaned: join(inflightRoot, 'cleaned'),
    snapshot: join(handoff, '.conductor-state.json'),
    journal: join(handoff, `.conductor-state.${instance}.journal`),
  };
}

export const LEASE_SUFFIX = '.lease';

/** Whether a name in handoff is a journal segment, of whatever instance. */
export function isJournalSegment(name: string): boolean {
  return /^\.conductor-state\..+\.journal(\.\d+)?$/.test(name);
}

/** `NAME.YYYYMMDDTHHMMSSmmmZ[-N].json`: what a newcomer is called whose name is taken. */
export function laterName(name: string, at: Date, n: number): string {
  const stamp = at.toISOString().replace(/[-:.]/g, '');
  return `${name}.${stamp}${n > 1 ? `-${n}` : ''}.json`;
}

export const errorLogName = (name: string): string => `${name}.error.log`;
export const statusName = (name: string): string => `${name}.status`;
