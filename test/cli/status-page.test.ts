import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, statusPage } from '../../src/cli/status-page.ts';
import type { Overview } from '../../src/inspect/overview.ts';

const plainLook = { width: 80, colour: false };
const time = new Date().toISOString();

const overview = (changes: Partial<Overview> = {}): Overview => ({
  time,
  handoff: '/srv/handoff',
  ok: true,
  instances: [],
  health: null,
  waiting: { count: 0, oldest: null },
  claimed: { count: 0, intents: [] },
  filed: { processed: 1_234_567, failed: 0 },
  rates: [1, 5, 60].map((minutes) => ({ minutes, succeeded: 0, failed: 0, skipped: 0 })),
  failures: [],
  problems: [],
  ...changes,
});

const text = (changes: Partial<Overview>, look = plainLook) =>
  statusPage(overview(changes), look).join('\n');

test('nothing that comes from outside moves the cursor or breaks a line', () => {
  const evil = 'intent-\x1b[2J\nx.json';
  const page = text({
    waiting: { count: 1, oldest: { name: evil, since: time } },
    failures: [{ name: evil, time, code: 'E013', message: `${evil} \x07`, file: '' }],
    claimed: { count: 1, intents: [{ name: evil, instance: evil, since: time, attempt: 1 }] },
    instances: [{ name: evil, state: 'alive', host: evil, pid: 1, since: time, claimed: 1 }],
    health: {
      url: evil,
      state: 'fail',
      message: evil,
      checks: [{ name: evil, state: 'fail', message: evil }],
    },
    problems: [evil],
  });
  assert.ok(!/[\x00-\x09\x0b-\x1f]/.test(page), JSON.stringify(page));
  assert.ok(page.split('\n').every((line) => !line.startsWith('x.json')));
});

test('colours only add to it', () => {
  const state = { state: 'dead', host: 'h', pid: 7, since: null, claimed: 2 } as const;
  const changes: Partial<Overview> = { ok: false, instances: [{ name: 'one', ...state }] };
  const coloured = text(changes, { width: 80, colour: true });
  assert.notEqual(coloured, text(changes));
  assert.equal(coloured.replace(/\x1b\[\d+m/g, ''), text(changes));
});

test('numbers can be read, and long messages are wrapped', () => {
  assert.match(text({}), /^Filed {7}1,234,567 in processed, 0 in failed$/m);
  const failure = {
    name: 'intent-a.json',
    time,
    code: null,
    message: 'word '.repeat(60),
    file: '',
  };
  for (const line of text({ failures: [failure] }).split('\n')) assert.ok(line.length <= 80, line);
  assert.match(text({ failures: [failure] }), /failed {2}intent-a\.json/);
});

test('of many claims the first are listed and the rest is counted', () => {
  const intents = Array.from({ length: 100 }, (_, index) => {
    return { name: `intent-${index}.json`, instance: 'one', since: null, attempt: null };
  });
  assert.match(
    text({ claimed: { count: 1500, intents } }),
    /^Claimed {5}1,500$[\s\S]*and 1,490 more$/m,
  );
});

test('ages are whole seconds once they are one', () => {
  const at = (ms: number) => new Date(Date.parse(time) - ms).toISOString();
  assert.equal(age(at(63_700), time), '1m3s');
  assert.equal(age(at(250), time), '250ms');
  assert.equal(age(at(-5000), time), '0s');
});
