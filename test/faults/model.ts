/** One atomic step that somebody can take now, named after the function of the program that does it. */
export type Step<State> = {
  name: string;
  take(state: State): void;
};

/** A small world whose inhabitants take their steps in any order. */
export type Model<State> = {
  initial: State;
  /** All steps that can be taken in a state. */
  steps(state: State): Step<State>[];
  /** What is wrong in a state, whatever comes after it. */
  always?(state: State): string[];
  /** What is wrong in a state in which no step is left. */
  atEnd?(state: State): string[];
};

export type Explored = {
  states: number;
  /** States in which no step is left. */
  ends: number;
  /** What is wrong first, and the steps that lead there; empty where nothing is. */
  wrong: string[];
  path: string[];
};

/**
 * Takes all steps in all orders, breadth first: so the path to what is wrong is one of the shortest.
 * A state is known by its JSON, so that each is looked at once.
 */
export function explore<State>(model: Model<State>): Explored {
  const first = JSON.stringify(model.initial);
  const cameFrom = new Map<string, { before: string; name: string } | null>([[first, null]]);
  const queue = [first];
  let ends = 0;
  for (const key of queue) {
    const clone = (): State => JSON.parse(key);
    const state = clone();
    const steps = model.steps(state);
    if (steps.length === 0) ends++;
    const wrong = [
      ...(model.always?.(state) ?? []),
      ...(steps.length === 0 ? (model.atEnd?.(state) ?? []) : []),
    ];
    if (wrong.length > 0)
      return { states: cameFrom.size, ends, wrong, path: pathTo(key, cameFrom) };
    for (const { name, take } of steps) {
      const next = clone();
      take(next);
      const nextKey = JSON.stringify(next);
      if (cameFrom.has(nextKey)) continue;
      cameFrom.set(nextKey, { before: key, name });
      queue.push(nextKey);
    }
  }
  return { states: cameFrom.size, ends, wrong: [], path: [] };
}

function pathTo(
  key: string,
  cameFrom: ReadonlyMap<string, { before: string; name: string } | null>,
): string[] {
  const path: string[] = [];
  for (let from = cameFrom.get(key); from; from = cameFrom.get(from.before))
    path.unshift(from.name);
  return path;
}
