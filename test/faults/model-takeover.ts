import type { Model, Step } from './model.ts';
import { heirSteps } from './model-heir.ts';
import {
  counting,
  dropOf,
  fresh,
  type Name,
  noHeir,
  of,
  type State,
  type Takeover,
} from './model-state.ts';
import { workerSteps } from './model-worker.ts';

export function takeover(options: Takeover): Model<State> {
  const { instances, before } = options;
  const initial: State = {
    drops: ['handoff', ''],
    leases: {},
    journals: {},
    ends: {},
    known: {},
    workers: {},
    heirs: {},
    ended: [],
    runs: [],
  };
  for (const name of instances) {
    initial.leases[name] = 'held';
    initial.journals[name] = [];
    initial.known[name] = [];
    initial.workers[name] = fresh();
    initial.heirs[name] = noHeir();
  }
  before?.(initial);
  return {
    initial,
    steps: (state) => stepsOf(options, state),
    atEnd: (state) => wrongIn(options, state),
  };
}

function stepsOf(options: Takeover, state: State): Step<State>[] {
  const { instances, workers, heirs, mortal } = options;
  const steps: Step<State>[] = [];
  const add = (who: Name, what: string, take: (state: State) => void) => {
    steps.push({ name: `${who}: ${what}`, take });
  };
  if (state.drops[1] === '' && !state.drops.includes('handoff')) {
    steps.push({
      name: 'the same content is dropped again',
      take: (next) => {
        next.drops[1] = 'handoff';
      },
    });
  }
  for (const who of instances.filter((name) => !state.ended.includes(name))) {
    if (mortal.includes(who)) add(who, 'is killed', (next) => next.ended.push(who));
    if (workers.includes(who)) workerSteps(options, state, who, add);
    if (heirs.includes(who)) heirSteps(options, state, who, add);
  }
  return steps;
}

/** Recorded once, filed once, run once but for runs that their instance did not survive. */
function wrongIn(options: Takeover, state: State): string[] {
  const wrong: string[] = [];
  const valid = options.instances.flatMap((name) => counting(options, state, name));
  const outcomes = valid.filter((record) => !record.startsWith('filed'));
  for (const [drop, place] of state.drops.entries()) {
    const records = outcomes.filter((record) => dropOf(record) === drop);
    if (place !== 'processed') wrong.push(`drop ${drop} ends in ${place || 'nowhere'}`);
    if (records.length !== 1) wrong.push(`drop ${drop} has the records ${records.join(', ')}`);
  }
  const counted = state.runs.filter(({ by, drop, held }) => {
    const survived = !state.ended.includes(by) && of(state.leases, by) === 'held';
    return !held || survived || outcomes.includes(`${by}.${drop} ran`);
  });
  if (counted.length > 1) wrong.push(`it ran for ${JSON.stringify(counted)}`);
  return wrong;
}
