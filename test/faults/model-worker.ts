import {
  type Add,
  fresh,
  giveBack,
  isClaimedElsewhere,
  type Name,
  of,
  readAll,
  type State,
  type Takeover,
  type Worker,
  write,
} from './model-state.ts';

const FIRST_CHECK: Worker['at'] = 'is it claimed elsewhere after all';

/** Pipeline: a claim, what is made sure of after it, a run, its record and the way to its place. */
export function workerSteps(options: Takeover, state: State, who: Name, add: Add): void {
  const { at, drop } = of(state.workers, who);
  const next = (what: Worker['at'], also: (state: State, worker: Worker) => void = () => {}) => {
    return (then: State) => {
      const worker = of(then.workers, who);
      worker.at = what;
      also(then, worker);
      if (what === 'idle') then.workers[who] = fresh();
    };
  };
  const isLost = of(state.leases, who) !== 'held';
  const end = (then: State) => void then.ended.push(who);
  const { broken } = options;
  if (at === 'idle') {
    const waiting = state.drops.indexOf('handoff');
    const underWay = of(state.heirs, who).at !== 'idle';
    const goOn = next('is it claimed elsewhere', (_, worker) => {
      worker.drop = waiting;
    });
    // Members.mayClaim, and Handover.underWay
    if (isLost) add(who, 'Members.look: lost', end);
    else if (waiting !== -1 && !underWay) add(who, 'Members.mayClaim', goOn);
  } else if (at === 'is it claimed elsewhere') {
    const free = !isClaimedElsewhere(options, state, who);
    add(who, 'Members.isClaimedElsewhere', next(free ? 'claim' : 'idle'));
  } else if (at === 'claim') {
    const works = state.drops[drop] === 'handoff' && !state.drops.includes(who);
    const checked = broken === 'no look after the claim' ? 'recognise' : FIRST_CHECK;
    const claim = next(checked, (then, worker) => {
      then.drops[drop] = who;
      worker.held = of(then.leases, who) === 'held';
    });
    add(who, 'claim', works ? claim : next('idle'));
  } else if (at === 'is it claimed elsewhere after all') {
    const free = !isClaimedElsewhere(options, state, who);
    add(who, 'Members.isClaimedElsewhere', next(free ? 'catch up' : 'give back'));
  } else if (at === 'catch up') {
    const { known, all } = readAll(options, state, who);
    const goOn = next(all ? 'look again' : 'give back', (then) => {
      then.known[who] = known;
    });
    add(who, 'Store.catchUp', goOn);
  } else if (at === 'look again') {
    add(who, 'Lease.held', next(isLost ? 'give back' : 'recognise'));
  } else if (at === 'give back') {
    add(who, 'giveBack', (then) => {
      next('idle')(then);
      giveBack(then, who, drop);
    });
  } else if (at === 'recognise') {
    const succeeded = of(state.known, who).some((record) => record.endsWith(' ran'));
    const run = next('record', (then, { held }) => {
      if (!succeeded) then.runs.push({ by: who, drop, held });
    });
    add(who, succeeded ? 'Processor.repeated' : 'run', run);
  } else if (at === 'record') {
    const ran = state.runs.some((run) => run.by === who && run.drop === drop);
    const record = `${who}.${drop} ${ran ? 'ran' : 'skipped'}`;
    const unchecked = broken === 'no look between record and move';
    const goOn = next(unchecked ? 'file' : 'look before filing', (then) => {
      write(then, who, record);
    });
    add(who, 'Store.record', goOn);
  } else if (at === 'look before filing') {
    add(who, 'Lease.held', isLost ? end : next('file'));
  } else if (at === 'file') {
    add(who, 'file', (then) => {
      next('idle')(then);
      if (then.drops[drop] !== who) return;
      then.drops[drop] = 'processed';
      write(then, who, `filed ${who}.${drop}`);
    });
  }
}
