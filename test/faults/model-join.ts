import type { Model, Step } from './model.ts';

type Name = 'A' | 'B' | 'C';

/** A rule that is broken, to see that the model would notice. */
export type BrokenJoin = 'a newcomer does not wait to be named' | 'claims go on during a look';

type Instance = {
  is: 'away' | 'there' | 'gone';
  /** Whom its lease names. */
  named: Name[];
  /** Whom it reckons with when it asks whose a target is. */
  reckonsWith: Name[];
  joined: boolean;
  look: Look | null;
};

/** A look that is under way. */
type Look = {
  unread: Name[];
  found: Name[];
  /** Those of them that name us. */
  namedBy: Name[];
  written: boolean;
};

type State = Record<Name, Instance>;

/** Each weighs more for the target than those before it. */
const names: readonly Name[] = ['A', 'B', 'C'];
const isHeavier = (name: Name, other: Name) => names.indexOf(name) > names.indexOf(other);

export type Join = { there: readonly Name[]; coming: readonly Name[]; leaving: readonly Name[] };

/**
 * Instances that come and go, each with looks (Members.look) whose steps may lie far apart: it lists
 * the leases, reads each of the others, writes its own, then goes by what it has read.
 */
export function join(who: Join, broken?: BrokenJoin): Model<State> {
  const { there, coming, leaving } = who;
  const at = (name: Name): Instance => {
    const known = there.includes(name) ? there.filter((other) => other !== name) : [];
    return {
      is: there.includes(name) ? 'there' : coming.includes(name) ? 'away' : 'gone',
      named: known,
      reckonsWith: known,
      joined: there.includes(name),
      look: null,
    };
  };
  const mayClaim = (state: State, name: Name) => {
    const { is, joined, reckonsWith, look } = state[name];
    // A look is one turn of the program: it claims nothing in the midst of it.
    if (look !== null && broken !== 'claims go on during a look') return false;
    return is === 'there' && joined && reckonsWith.every((other) => isHeavier(name, other));
  };
  return {
    initial: { A: at('A'), B: at('B'), C: at('C') },
    steps: (state) => names.flatMap((name) => stepsOf(state, name, leaving, broken)),
    always: (state) => {
      const owners = names.filter((name) => mayClaim(state, name));
      return owners.length > 1 ? [`${owners.join(' and ')} may both claim for one target`] : [];
    },
  };
}

function stepsOf(
  state: State,
  name: Name,
  leaving: readonly Name[],
  broken: BrokenJoin | undefined,
): Step<State>[] {
  const { is, look } = state[name];
  const step = (what: string, change: (self: Instance, state: State) => void): Step<State> => {
    return { name: `${name}: ${what}`, take: (next) => change(next[name], next) };
  };
  if (is === 'gone') return [];
  if (is === 'away') {
    const acquire = step('Lease.acquire', (self) => {
      self.is = 'there';
    });
    return [acquire];
  }
  const release = step('Lease.release', (self) => {
    Object.assign(self, { is: 'gone', named: [], reckonsWith: [], joined: false, look: null });
  });
  return [
    ...(leaving.includes(name) ? [release] : []),
    ...(look === null
      ? [step('list the leases', list(name))]
      : lookSteps(look, name, step, broken)),
  ];
}

const list = (name: Name) => (self: Instance, state: State) => {
  const unread = names.filter((other) => other !== name && state[other].is === 'there');
  self.look = { unread, found: [], namedBy: [], written: false };
};

function lookSteps(
  { unread, written }: Look,
  name: Name,
  step: (what: string, change: (self: Instance, state: State) => void) => Step<State>,
  broken: BrokenJoin | undefined,
): Step<State>[] {
  const next = unread[0];
  if (next !== undefined) {
    const read = step(`readLease of ${next}`, ({ look }, state) => {
      look?.unread.shift();
      if (state[next].is !== 'there') return;
      look?.found.push(next);
      if (state[next].named.includes(name)) look?.namedBy.push(next);
    });
    return [read];
  }
  if (!written) {
    const renew = step('Lease.renew', (self) => {
      self.named = self.look?.found ?? [];
      if (self.look) self.look.written = true;
    });
    return [renew];
  }
  const end = step('goes by what it has read', (self) => {
    const found = self.look?.found ?? [];
    const isNamed = found.every((other) => self.look?.namedBy.includes(other));
    self.joined ||= isNamed || broken === 'a newcomer does not wait to be named';
    self.reckonsWith = found;
    self.look = null;
  });
  return [end];
}
