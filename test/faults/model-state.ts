/**
 * Instances that claim, run, record and file two drops of one name and one content, and that declare
 * each other dead at any moment, for each may be stopped between any two of its steps for longer than
 * `lease_ttl`. What stands between two looks of the program at the disk is one step here.
 */
export type Name = 'A' | 'B' | 'C' | 'D';

/** A rule that is broken, to see that the model would notice. */
export type Broken =
  | 'no look after the claim'
  | 'records beyond the end count'
  | 'claims are taken before the end of the journal is set'
  | 'no look between record and move'
  | 'what another has in hand counts as filed'
  | 'an heir reads nothing after it has taken over';

/** `run`: its claim was made while it held its lease. */
export type Run = { by: Name; drop: number; held: boolean };

export type Worker = {
  at:
    | 'idle'
    | 'is it claimed elsewhere'
    | 'claim'
    | 'is it claimed elsewhere after all'
    | 'catch up'
    | 'look again'
    | 'give back'
    | 'recognise'
    | 'record'
    | 'look before filing'
    | 'file';
  drop: number;
  held: boolean;
};

export type Heir = {
  at: 'idle' | 'fence: size' | 'fence: rename' | 'take over' | 'catch up' | 'sort' | 'settle';
  /** Whose estates this recovery is about, and how far it has come with them. */
  victims: Name[];
  current: number;
  size: number;
  /** Drops that it has taken from the dead and that are not seen to. */
  claimed: number[];
};

export type State = {
  /** Where each drop lies: nowhere yet, in handoff, in the directory of an instance, or filed. */
  drops: ('' | 'handoff' | Name | 'processed')[];
  /** In its place, or whose turn it is to settle the estate, or nothing is left of it. */
  leases: Partial<Record<Name, 'held' | 'settled' | Name>>;
  /** `OWNER.DROP ran`, `OWNER.DROP skipped`, `filed OWNER.DROP`. */
  journals: Partial<Record<Name, string[]>>;
  /** How many records of a journal count. */
  ends: Partial<Record<Name, number>>;
  /** Records that an instance has read or written. */
  known: Partial<Record<Name, string[]>>;
  workers: Partial<Record<Name, Worker>>;
  heirs: Partial<Record<Name, Heir>>;
  /** Those whose process has ended. */
  ended: Name[];
  runs: Run[];
};

export type Takeover = {
  instances: readonly Name[];
  /** Those that claim and run what lies in handoff. */
  workers: readonly Name[];
  /** Those that settle what the dead have left. */
  heirs: readonly Name[];
  /** Those that may be killed, or stopped for too long, at any moment. */
  mortal: readonly Name[];
  broken?: Broken;
  /** What has happened already. */
  before?: (state: State) => void;
};

export const fresh = (): Worker => ({ at: 'idle', drop: 0, held: false });
export const noHeir = (): Heir => ({ at: 'idle', victims: [], current: 0, size: 0, claimed: [] });

export const of = <T>(all: Partial<Record<Name, T>>, name: Name): T => {
  const found = all[name];
  if (found === undefined) throw new Error(`${name} has no part in this`);
  return found;
};

/** Estates, and directories that have neither lease nor estate: Members.dead. */
export function leftTo(options: Takeover, state: State, who: Name): Name[] {
  const { instances } = options;
  const [leader] = instances.filter((name) => of(state.leases, name) === 'held');
  return instances.filter((name) => {
    const lease = of(state.leases, name);
    if (lease === who) return true;
    return lease === 'settled' && leader === who && state.drops.includes(name);
  });
}

/** What counts of the journal of an instance. */
export function counting(options: Takeover, state: State, name: Name): string[] {
  const end = options.broken === 'records beyond the end count' ? undefined : state.ends[name];
  return of(state.journals, name).slice(0, end);
}

/** `all` is false where one has been declared dead and the end of its journal is not set yet. */
export function readAll(
  options: Takeover,
  state: State,
  who: Name,
): { known: string[]; all: boolean } {
  let known = of(state.known, who);
  let all = true;
  for (const other of options.instances.filter((name) => name !== who)) {
    const isDead = of(state.leases, other) !== 'held';
    if (isDead && state.ends[other] === undefined) all = false;
    else known = union(known, counting(options, state, other));
  }
  return { known, all };
}

export function isClaimedElsewhere(options: Takeover, state: State, who: Name): boolean {
  return options.instances.some((name) => name !== who && state.drops.includes(name));
}

export type Add = (who: Name, what: string, take: (state: State) => void) => void;

const names: readonly Name[] = ['A', 'B', 'C', 'D'];

/** Of a record `OWNER.DROP …`. */
export const dropOf = (record: string): number => Number(record.split(' ')[0]?.split('.')[1]);
export const isName = (lease: 'held' | 'settled' | Name): lease is Name =>
  names.some((name) => name === lease);
export const nameIn = (seq: string): Name => names.find((name) => seq.startsWith(name)) ?? 'A';

export function write(state: State, who: Name, record: string): void {
  of(state.journals, who).push(record);
  state.known[who] = union(of(state.known, who), [record]);
}

export const union = (a: readonly string[], b: readonly string[]) =>
  [...new Set([...a, ...b])].sort();

/** False where another one stands in its place. */
export function giveBack(state: State, who: Name, drop: number): boolean {
  if (state.drops[drop] !== who || state.drops.includes('handoff')) return false;
  state.drops[drop] = 'handoff';
  return true;
}
