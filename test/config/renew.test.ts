import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings } from '../../src/config/load.ts';
import { renew } from '../../src/config/renew.ts';
import { settingInfos } from '../../src/config/schema.ts';

const surroundings = { environment: {}, directory: '/work' };
const load = (flags: Record<string, string>) => loadSettings({ flags, ...surroundings });

function renewed(before: Record<string, string>, after: Record<string, string>) {
  return renew(load(before), load(after), surroundings);
}

test('what can change while it runs is taken, the rest is named and stays', () => {
  const { running, changed, needRestart } = renewed(
    { debounce: '1s', 'lease-ttl': '10s' },
    { debounce: '2s', 'lease-ttl': '20s', 'max-workers': '7' },
  );
  assert.deepEqual(
    changed.map(({ key, from, to }) => [key, key === 'debounce' ? from : '', to]),
    [
      ['debounce', '1s', '2s'],
      ['max_workers', '', '7'],
    ],
  );
  assert.deepEqual(needRestart, [{ key: 'lease_ttl', from: '10s', to: '20s' }]);
  assert.equal(running.settings.debounceMs, 2000);
  assert.equal(running.settings.maxWorkers, 7);
  assert.equal(running.settings.leaseTtlMs, 10_000);
});

test('a value that is not given any more is the default again', () => {
  const { running, changed } = renewed({ period: '9s', porch: 'builtin' }, { porch: 'builtin' });
  assert.deepEqual(changed, [{ key: 'period', from: '9s', to: '2s' }]);
  assert.equal(running.settings.periodMs, 2000);
});

test('what needs a restart is named again until the value is back', () => {
  const before = load({ environment: 'a' });
  const first = renew(before, load({ environment: 'b' }), surroundings);
  const second = renew(first.running, load({ environment: 'b' }), surroundings);
  const third = renew(second.running, load({ environment: 'a' }), surroundings);
  assert.deepEqual(
    [first, second, third].map(({ needRestart }) => needRestart.length),
    [1, 1, 0],
  );
});

test('where nothing has changed nothing is said', () => {
  const { changed, needRestart } = renewed({ debounce: '1s' }, { debounce: '1000ms' });
  assert.deepEqual([changed, needRestart], [[], []]);
});

test('what the program holds on to from its start is not among what can change', () => {
  const fixed = [
    'handoff',
    'out',
    'porch',
    'porch_spawner',
    'once',
    'poll',
    'instance',
    'lease_ttl',
  ];
  for (const { key, reloadable } of settingInfos) {
    if (fixed.includes(key)) assert.ok(!reloadable, key);
  }
});
