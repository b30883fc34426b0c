import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { History, type PastOutcome } from '../../src/state/history.ts';
import { sha } from './support.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'ü', '');
const past: fc.Arbitrary<PastOutcome> = fc.record(
  {
    sha: fc.constantFrom('', sha('x'), sha('y'), `${'0'.repeat(63)}1`),
    succeeded: fc.boolean(),
    at: fc.integer({ min: 0, max: 9 }),
  },
  { noNullPrototype: true },
);
const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ name, past }) },
  { weight: 1, arbitrary: fc.record({ before: fc.integer({ min: 0, max: 10 }) }) },
);

test('any sequence of steps gives what a plain map gives', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 100, size: 'max' }), (steps) => {
      const history = new History();
      const model = new Map<string, PastOutcome>();
      for (const step of steps) {
        if ('past' in step) {
          history.set(step.name, step.past);
          model.set(step.name, step.past);
        } else {
          const old = [...model].filter(([, { at }]) => at < step.before);
          assert.equal(history.prune(step.before), old.length);
          for (const [known] of old) model.delete(known);
        }
        assert.equal(history.size, model.size);
        assert.deepEqual(new Map(history.entries()), model);
        for (const known of ['a', 'ü', 'never']) {
          assert.deepEqual(history.get(known), model.get(known));
        }
      }
    }),
  );
});

test('it grows beyond its first columns and keeps all that was in them', () => {
  const history = new History();
  const outcomeOf = (index: number) => ({
    sha: sha(`${index}`),
    succeeded: index % 2 === 0,
    at: index,
  });
  for (let index = 0; index < 5000; index++) history.set(`intent-${index}.json`, outcomeOf(index));
  for (let index = 0; index < 5000; index++) {
    assert.deepEqual(history.get(`intent-${index}.json`), outcomeOf(index));
  }
});

test('an entry takes less than 150 bytes', () => {
  const url = new URL('../../src/state/history.ts', import.meta.url).href;
  const source = `
    import { History } from ${JSON.stringify(url)};
    const used = () => {
      // Of columns that have grown the first time leaves the old ones.
      gc();
      gc();
      const { heapUsed, external, arrayBuffers } = process.memoryUsage();
      // Array buffers are counted in external too.
      return heapUsed + Math.max(external, arrayBuffers);
    };
    const before = used();
    const history = new History();
    const sha = 'ab'.repeat(32);
    for (let index = 0; index < 200000; index++) {
      history.set('intent-scale-up-' + String(index).padStart(9, '0') + '.json', {
        sha, succeeded: true, at: index,
      });
    }
    console.log((used() - before) / history.size);`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-e', source],
    { encoding: 'utf8' },
  );
  const bytes = Number(stdout);
  assert.ok(bytes > 32 && bytes < 150, `${stdout}${stderr}`);
});
