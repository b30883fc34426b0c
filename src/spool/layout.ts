import { join } from 'node:path';

/** Every path of a spool, named here and nowhere else. */
export type Layout = {
  instance: string;
  handoff: string;
  processed: string;
  failed: string;
  status: string;
  /** `.inflight`: a directory and a lease for each instance. */
  inflightRoot: string;
  /** `.inflight/INSTANCE`: what this instance has claimed. */
  inflight: string;
  /** Its modification time says when old files were last looked for. */
  cleaned: string;
  snapshot: string;
  journal: string;
  /** What a file is called beside its place until it is whole: no other program uses that name. */
  temporary: string;
};

/** The paths of an instance; `life` names this run of the program. */
export function layoutOf(handoff: string, instance: string, life: string): Layout {
  const inflightRoot = join(handoff, '.inflight');
  return {
    instance,
    handoff,
    processed: join(handoff, 'processed'),
    failed: join(handoff, 'failed'),
    status: join(handoff, 'status'),
    inflightRoot,
    inflight: join(inflightRoot, instance),
    cleaned: join(inflightRoot, 'cleaned'),
    snapshot: join(handoff, '.conductor-state.json'),
    journal: join(handoff, `.conductor-state.${instance}.journal`),
    temporary: temporaryName(life),
  };
}

/** What a run of the program calls a file beside its place until it is whole. */
export const temporaryName = (life: string): string => `.${life}.tmp`;

export const LEASE_SUFFIX = '.lease';

/** Whether a name in handoff is a journal segment, of whatever instance. */
export function isJournalSegment(name: string): boolean {
  return /^\.conductor-state\..+\.journal(\.\d+(-\d+)?)?$/s.test(name);
}

/** Whether a name in handoff is that of a snapshot that was not written to its end. */
export function isUnfinishedSnapshot(name: string): boolean {
  return /^\.conductor-state\.json\..*tmp$/s.test(name);
}

/** The instance that writes a journal. */
export function journalOwner(path: string): string {
  return /\.conductor-state\.(.+)\.journal$/s.exec(path)?.[1] ?? '';
}

/** `NAME.YYYYMMDDTHHMMSSmmmZ[-N].json`: what a newcomer is called whose name is taken. */
export function laterName(name: string, at: Date, n: number): string {
  const stamp = at.toISOString().replace(/[-:.]/g, '');
  return `${name}.${stamp}${n > 1 ? `-${n}` : ''}.json`;
}

/** The name of an intent that was filed as `NAME.YYYYMMDDTHHMMSSmmmZ[-N].json`, or as it is. */
export function originalName(filed: string): string {
  return /^(intent-.*\.json)\.\d{8}T\d{9}Z(?:-\d+)?\.json$/s.exec(filed)?.[1] ?? filed;
}

export const errorLogName = (name: string): string => `${name}.error.log`;
export const statusName = (name: string): string => `${name}.status`;
