import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './model.ts';
import { join } from './model-join.ts';
import type { Broken, Takeover } from './model-state.ts';
import { takeover } from './model-takeover.ts';

/** Two drops of one name and content; A may die or be stopped at any moment, B settles what it leaves. */
const two: Takeover = {
  instances: ['A', 'B'],
  workers: ['A', 'B'],
  heirs: ['B'],
  mortal: ['A'],
};

const secondIsDone = ['C.1 skipped', 'filed C.1'];

/** A runs the only drop; B and C settle what it leaves, and B may die too. */
const three: Takeover = {
  instances: ['A', 'B', 'C'],
  workers: ['A', 'C'],
  heirs: ['B', 'C'],
  mortal: ['A', 'B'],
  before: (state) => {
    state.drops = ['A', 'processed'];
    state.runs = [{ by: 'A', drop: 0, held: true }];
    state.workers.A = { at: 'record', drop: 0, held: true };
    state.journals.C = [...secondIsDone];
    state.known.B = [...secondIsDone];
    state.known.C = [...secondIsDone];
  },
};

/** A died after its record, and B, its heir, after it had taken the file: C and D settle both. */
const four: Takeover = {
  instances: ['A', 'B', 'C', 'D'],
  workers: ['C'],
  heirs: ['C', 'D'],
  mortal: ['A', 'B', 'D'],
  before: (state) => {
    state.drops = ['B', 'processed'];
    state.runs = [{ by: 'A', drop: 0, held: true }];
    state.journals.A = ['A.0 ran'];
    state.ends.A = 1;
    state.leases.A = 'B';
    state.ended = ['A', 'B'];
    state.journals.D = ['D.1 skipped', 'filed D.1'];
    state.known.D = ['D.1 skipped', 'filed D.1'];
  },
};

const broken: readonly [Broken, Takeover][] = [
  ['no look after the claim', two],
  ['records beyond the end count', two],
  ['claims are taken before the end of the journal is set', two],
  ['no look between record and move', two],
  ['what another has in hand counts as filed', three],
  ['an heir reads nothing after it has taken over', four],
];

for (const [name, options] of Object.entries({ two, three, four })) {
  test(`${name} instances in every order: recorded once, filed once, run once`, (t) => {
    const { states, ends, wrong, path } = explore(takeover(options));
    assert.deepEqual(wrong, [], path.join('\n'));
    t.diagnostic(`${states} states, ${ends} ends`);
    assert.ok(states > 5000 && ends > 10, `${states} states, ${ends} ends`);
  });
}

for (const [rule, options] of broken) {
  test(`… which the model finds broken where ${rule}`, () => {
    const { wrong, path } = explore(takeover({ ...options, broken: rule }));
    assert.notDeepEqual(wrong, []);
    assert.ok(path.length > 0);
  });
}

const joins = [
  { there: ['C'], coming: ['A', 'B'], leaving: ['C'] },
  { there: ['A'], coming: ['B', 'C'], leaving: ['A'] },
  { there: [], coming: ['A', 'B'], leaving: ['B'] },
] as const;

test('whoever comes and goes in whatever order, no two claim for one target', (t) => {
  for (const who of joins) {
    const { states, wrong, path } = explore(join(who));
    assert.deepEqual(wrong, [], path.join('\n'));
    t.diagnostic(`${states} states`);
  }
});

for (const rule of [
  'a newcomer does not wait to be named',
  'claims go on during a look',
] as const) {
  test(`… which the model finds broken where ${rule}`, () => {
    const { wrong } = explore(join({ there: ['A'], coming: ['B'], leaving: [] }, rule));
    assert.deepEqual(wrong, ['A and B may both claim for one target']);
  });
}
