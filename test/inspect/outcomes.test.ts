import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outcomes } from '../../src/inspect/outcomes.ts';
import { checksum, encodeRecord } from '../../src/state/records.ts';
import { outcome, sha, start } from '../state/support.ts';

const now = 1_800_000_000_000;
const MINUTE = 60_000;

const outcomes = (wanted = 5) => new Outcomes(wanted, () => now);

/** An entry's line as the snapshot has it. */
function entryLine(name: string, kind: 's' | 'f', at: number): string {
  const json = JSON.stringify([name, sha(name), kind, at]);
  return `${json.slice(0, -1)},"${checksum(json)}"],`;
}

test('rates count entries and records by the time of their outcome', () => {
  const seen = outcomes();
  seen.begin();
  assert.equal(seen.glance(entryLine('intent-a.json', 's', now - 2 * MINUTE)), false);
  assert.equal(seen.glance(entryLine('intent-b.json', 'f', now - 10 * MINUTE)), true);
  assert.equal(seen.glance(entryLine('intent-c.json', 's', now - 61 * MINUTE)), false);
  seen.record(outcome('intent-d.json', { at: now - 1000 }));
  seen.record(outcome('intent-e.json', { at: now - 1000, outcome: 'skipped' }));
  seen.record(outcome('intent-f.json', { at: now - 1000, outcome: 'timeout' }));
  assert.deepEqual(seen.rates(), [
    { minutes: 1, succeeded: 1, failed: 1, skipped: 1 },
    { minutes: 5, succeeded: 2, failed: 1, skipped: 1 },
    { minutes: 60, succeeded: 2, failed: 2, skipped: 1 },
  ]);
  seen.begin();
  assert.deepEqual(seen.rates()[2], { minutes: 60, succeeded: 0, failed: 0, skipped: 0 });
});

test('the newest failures come first, and one that succeeded since is none', () => {
  const seen = outcomes();
  const failed = { sha: '', succeeded: false };
  seen.entry('intent-old.json', { ...failed, at: 100 });
  seen.entry('intent-new.json', { ...failed, at: 300 });
  seen.entry('intent-mended.json', { ...failed, at: 400 });
  seen.record(outcome('intent-mended.json', { at: 500 }));
  seen.record(outcome('intent-old.json', { at: 200, outcome: 'failed' }));
  // Read late, and older than what is known.
  seen.record(outcome('intent-new.json', { at: 250 }));
  const names = () => seen.failures.map(({ name, at }) => `${name} ${at}`);
  assert.deepEqual(names(), ['intent-new.json 300', 'intent-old.json 200']);
});

test('of a million failures few are kept, and the older ones are not even decoded', () => {
  const seen = outcomes(1);
  for (let at = 1; at <= 500; at++) {
    seen.entry(`intent-${at}.json`, { sha: '', succeeded: false, at });
  }
  assert.ok(seen.failures.length < 200);
  assert.equal(seen.failures[0]?.name, 'intent-500.json');
  assert.equal(seen.glance(entryLine('intent-x.json', 'f', 10)), false);
  assert.equal(seen.glance(entryLine('intent-x.json', 'f', 501)), true);
});

test('records that say nothing of outcomes are passed over, damaged entries are not', () => {
  const seen = outcomes();
  const filed = encodeRecord({ t: 'filed', seqs: ['life-1'] }).trimEnd();
  assert.equal(seen.glance(filed), false);
  assert.equal(seen.glance(encodeRecord(start('intent-a.json')).trimEnd()), true);
  assert.equal(seen.glance('["intent-a.json","damaged'), true);
});

test('what is begun is known until it is given back or has an outcome', () => {
  const seen = outcomes();
  seen.unfinished(start('intent-a.json', { at: 5, attempt: 2 }));
  assert.equal(seen.begun('intent-a.json')?.attempt, 2);
  seen.record(start('intent-a.json', { at: 6, run: '' }));
  assert.equal(seen.begun('intent-a.json'), null);
  seen.record(start('intent-b.json', { at: 7 }));
  seen.record(outcome('intent-b.json', { at: 8 }));
  assert.equal(seen.begun('intent-b.json'), null);
  // The snapshot has an entry for it as well: it counts once.
  seen.unfinished(outcome('intent-c.json', { at: now }));
  assert.equal(seen.rates()[0]?.succeeded, 0);
});
