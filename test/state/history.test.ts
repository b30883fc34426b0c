import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { History, type PastOutcome } from '../../src/state/history.ts';
import { keptHash } from '../../src/state/kept-hash.ts';
import { sha } from './support.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'ü', '');
const past: fc.Arbitrary<PastOutcome> = fc.record(
  {
    sha: fc.constantFrom('', keptHash(sha('x')), keptHash(sha('y')), `${'0'.repeat(31)}1`),
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
    sha: keptHash(sha(`${index}`)),
    succeeded: index % 2 === 0,
    at: index,
  });
  for (let index = 0; index < 5000; index++) history.set(`intent-${index}.json`, outcomeOf(index));
  for (let index = 0; index < 5000; index++) {
    assert.deepEqual(history.get(`intent-${index}.json`), outcomeOf(index));
  }
});

test('of a hash the first half is kept', () => {
  const history = new History();
  history.set('a', { sha: sha('x'), succeeded: true, at: 1 });
  assert.equal(history.get('a')?.sha, sha('x').slice(0, 32));
});

/** As the names of a large test are: of 36 bytes. */
const longName = (index: number) => `intent-scale-up-${String(index).padStart(9, '0')}.json`;

function historyOf(size: number): History {
  const history = new History();
  for (let index = 0; index < size; index++) {
    history.set(longName(index), { sha: sha('x'), succeeded: true, at: index });
  }
  return history;
}

test('an entry takes less than 75 bytes, and what is pruned gives its bytes back', () => {
  const history = historyOf(100_000);
  const full = history.bytesHeld;
  assert.ok(full / history.size < 75, `${full / history.size} bytes`);
  assert.equal(history.prune(90_000), 90_000);
  assert.ok(history.bytesHeld < full / 8 + 300_000, `${history.bytesHeld} bytes`);
  for (let index = 90_000; index < 100_000; index++) {
    assert.deepEqual(history.get(longName(index)), {
      sha: keptHash(sha('x')),
      succeeded: true,
      at: index,
    });
  }
});

const shaOf = (index: number) => keptHash(sha(`${index}`));

test('what there is throughout comes, whatever is put in and forgotten while entries are read', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ after: fc.nat(60), forgets: fc.nat(400), puts: fc.nat(20) }), {
        maxLength: 10,
      }),
      (changes) => {
        const history = new History();
        // The time by which an entry is forgotten has nothing to do with its number.
        const timeOf = (index: number) => (index * 173) % 400;
        for (let index = 0; index < 400; index++) {
          history.set(`${index}`, { sha: shaOf(index), succeeded: true, at: timeOf(index) });
        }
        const seen = new Map<string, PastOutcome>();
        const entries = history.entries();
        let pruned = 0;
        for (const { after, forgets, puts } of changes) {
          for (let taken = 0; taken < after; taken++) {
            const next = entries.next();
            if (!next.done) seen.set(...next.value);
          }
          history.prune(forgets);
          pruned = Math.max(pruned, forgets);
          for (let put = 0; put < puts; put++) {
            history.set(`${put * 7}`, { sha: '', succeeded: false, at: 1000 });
          }
        }
        for (const entry of entries) seen.set(...entry);
        for (let index = 0; index < 400; index++) {
          if (timeOf(index) < pruned) continue;
          const entry = seen.get(`${index}`);
          assert.ok(entry, `${index} is lost`);
          if (entry.at !== 1000)
            assert.deepEqual([entry.sha, entry.at], [shaOf(index), timeOf(index)]);
        }
      },
    ),
  );
});
