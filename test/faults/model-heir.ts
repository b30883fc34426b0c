import {
  type Add,
  counting,
  dropOf,
  giveBack,
  type Heir,
  isName,
  leftTo,
  type Name,
  nameIn,
  noHeir,
  of,
  readAll,
  type State,
  type Takeover,
  union,
  write,
} from './model-state.ts';

const FIRST_OF_RECOVERY: Heir['at'] = 'fence: size';

/** Members.look, which buries and adopts, and recovery of what is left to us. */
export function heirSteps(options: Takeover, state: State, who: Name, add: Add): void {
  const { instances, mortal, broken } = options;
  const heir = of(state.heirs, who);
  const isLost = of(state.leases, who) !== 'held';
  const update = (change: (heir: Heir, state: State) => void) => (then: State) => {
    change(of(then.heirs, who), then);
  };
  for (const victim of instances.filter((name) => name !== who && mortal.includes(name))) {
    const lease = of(state.leases, victim);
    const take = (then: State) => {
      then.leases[victim] = who;
    };
    if (isLost) continue;
    if (lease === 'held') add(who, `bury ${victim}`, take);
    const isOrphaned = isName(lease) && lease !== who && of(state.leases, lease) !== 'held';
    if (isOrphaned) add(who, `adopt the estate of ${victim}`, take);
  }
  const victim = heir.victims[heir.current];
  if (heir.at === 'idle') {
    const victims = leftTo(options, state, who);
    const begin = update((one) => {
      Object.assign(one, noHeir(), { at: FIRST_OF_RECOVERY, victims });
      if (broken === 'claims are taken before the end of the journal is set') one.at = 'take over';
    });
    if (!isLost && victims.length > 0) add(who, `recover ${victims.join(', ')}`, begin);
  } else if (isLost && !['fence: rename'].includes(heir.at)) {
    // Hold.guard looks at the lease before each step of recovery.
    add(who, 'Lease.held: lost', (then) => void then.ended.push(who));
  } else if (heir.at === 'fence: size' && victim !== undefined) {
    const measure = update((one, then) => {
      one.size = of(then.journals, victim).length;
      one.at = 'fence: rename';
    });
    add(who, `fence: size of the journal of ${victim}`, measure);
  } else if (heir.at === 'fence: rename' && victim !== undefined) {
    const rename = update((one, then) => {
      then.ends[victim] ??= one.size;
      if (broken === 'claims are taken before the end of the journal is set') {
        one.current++;
        one.at = one.current < one.victims.length ? 'take over' : 'sort';
      } else {
        then.known[who] = union(of(then.known, who), counting(options, then, victim));
        one.at = 'take over';
      }
    });
    add(who, `fence: rename the journal of ${victim}`, rename);
  } else if (heir.at === 'take over' && victim !== undefined) {
    add(
      who,
      `takeOverClaims of ${victim}`,
      update((one, then) => take(options, who, victim, one, then)),
    );
  } else if (heir.at === 'catch up') {
    const goOn = update((one, then) => {
      if (broken !== 'an heir reads nothing after it has taken over') {
        then.known[who] = readAll(options, then, who).known;
      }
      one.at = 'sort';
    });
    add(who, 'Store.catchUp', goOn);
  } else if (heir.at === 'sort') {
    sortSteps(options, state, who, add);
  } else if (heir.at === 'settle') {
    const settle = update((one, then) => {
      for (const each of one.victims) {
        const isOurs = then.leases[each] === who;
        if (isOurs && !then.drops.includes(each)) then.leases[each] = 'settled';
      }
      Object.assign(one, noHeir());
    });
    add(who, 'settle', settle);
  }
}

function take(options: Takeover, who: Name, victim: Name, heir: Heir, then: State): void {
  const drop = then.drops.indexOf(victim);
  if (drop !== -1 && !then.drops.includes(who)) {
    then.drops[drop] = who;
    heir.claimed.push(drop);
  }
  if (options.broken === 'claims are taken before the end of the journal is set') {
    then.known[who] = union(of(then.known, who), counting(options, then, victim));
    heir.at = 'fence: size';
    return;
  }
  heir.current++;
  heir.at = heir.current < heir.victims.length ? FIRST_OF_RECOVERY : 'catch up';
}

/** What is on record is filed, the rest goes back. */
function sortSteps(options: Takeover, state: State, who: Name, add: Add): void {
  const heir = of(state.heirs, who);
  const { broken } = options;
  const known = of(state.known, who);
  const unfiled = known.filter((record) => {
    return !record.startsWith('filed') && !known.includes(`filed ${record.split(' ')[0]}`);
  });
  for (const record of unfiled) {
    const [seq = ''] = record.split(' ');
    const drop = dropOf(record);
    const isHeld = heir.claimed.includes(drop);
    const owner = nameIn(seq);
    const lease = of(state.leases, owner);
    const isOurs = lease === who || lease === 'settled';
    if (owner === who || !(isHeld || isOurs)) continue;
    const place = state.drops[drop];
    const elsewhere = place !== 'handoff' && place !== 'processed' && place !== who;
    if (!isHeld && elsewhere && broken !== 'what another has in hand counts as filed') continue;
    add(who, `finish ${seq}`, (then) => {
      const { claimed } = of(then.heirs, who);
      if (claimed.includes(drop) || then.drops[drop] === 'handoff') then.drops[drop] = 'processed';
      claimed.splice(0, claimed.length, ...claimed.filter((one) => one !== drop));
      write(then, who, `filed ${seq}`);
    });
    return;
  }
  const [drop] = heir.claimed;
  if (drop === undefined) {
    add(who, 'all is sorted', (then) => {
      of(then.heirs, who).at = 'settle';
    });
    return;
  }
  add(who, 'giveBack', (then) => {
    const { claimed } = of(then.heirs, who);
    claimed.shift();
    // Pipeline.resume, where a newer one of its name stands there
    if (!giveBack(then, who, drop)) claimed.push(drop);
  });
}
