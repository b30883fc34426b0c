import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

const hourAgo = Date.now() - 3_600_000;

/** Fails where runs of one target are under way side by side; gives the names in order of running. */
function inTurn(spool: Spool, isOfTarget: (name: string) => boolean): string[] {
  const order: string[] = [];
  let open = '';
  for (const { event, name } of spool.porchLog.filter((line) => isOfTarget(line.name))) {
    if (event === 'start') {
      assert.equal(open, '', `${name} began while ${open} ran`);
      order.push(name);
    }
    open = event === 'start' ? name : '';
  }
  return order;
}

test('intents of one target run one at a time, in the order they were dropped', async () => {
  await using spool = new Spool();
  const names = Array.from({ length: 12 }, (_, n) => `intent-${(n * 7) % 12}.json`);
  for (const [place, name] of names.entries()) {
    const target = place % 2 === 0 ? 'even' : 'odd';
    const mtimeMs = hourAgo + place * 1000;
    spool.drop(name, intentFor('sleep=0.02', { target }), { mtimeMs });
  }
  const { exitCode, program } = await spool.once(['-max-workers', '4']);
  assert.equal(exitCode, 0, program.stderr);
  for (const rest of [0, 1]) {
    const ofTarget = names.filter((_, place) => place % 2 === rest);
    assert.deepEqual(
      inTurn(spool, (name) => ofTarget.includes(name)),
      ofTarget,
    );
  }
});

test('equal modification times are ordered by name', async () => {
  await using spool = new Spool();
  for (const name of ['intent-c.json', 'intent-a.json', 'intent-b.json']) {
    spool.drop(name, intentFor(''), { mtimeMs: hourAgo });
  }
  await spool.once();
  assert.deepEqual(
    inTurn(spool, () => true),
    ['intent-a.json', 'intent-b.json', 'intent-c.json'],
  );
});

test('what is replaced while it waits has the place of what is there then', async () => {
  await using spool = new Spool();
  const drop = (name: string, minute: number, reason = '') =>
    spool.drop(name, intentFor(reason), { mtimeMs: hourAgo + minute * 60_000 });
  drop('intent-first.json', 0, 'wait-for=go');
  drop('intent-replaced.json', 1);
  drop('intent-last.json', 2);
  const program = spool.start(['--once']);
  await spool.begun('intent-first.json');
  drop('intent-replaced.json', 3);
  spool.release('go');
  assert.equal(await program.exitCode(), 0, program.stderr);
  const order = ['intent-first.json', 'intent-last.json', 'intent-replaced.json'];
  assert.deepEqual(
    inTurn(spool, () => true),
    order,
  );
});

test('other targets run side by side', async () => {
  await using spool = new Spool();
  const names = ['a', 'b', 'c'].map((target) => {
    spool.drop(`intent-${target}.json`, intentFor('wait-for=go', { target }));
    return `intent-${target}.json`;
  });
  const program = spool.start(['--once', '-max-workers', '3']);
  for (const name of names) await spool.begun(name);
  spool.release('go');
  assert.equal(await program.exitCode(), 0);
});

test('an intent that waits for its retry keeps the turn of its target, not of others', async () => {
  await using spool = new Spool();
  spool.drop('intent-1.json', intentFor('exit=75 fail-attempts=1'), { mtimeMs: hourAgo });
  spool.drop('intent-2.json', intentFor(''), { mtimeMs: hourAgo + 1000 });
  spool.drop('intent-3.json', intentFor('', { target: 'other' }), { mtimeMs: hourAgo + 2000 });
  const flags = ['-max-workers', '1', '-retry-initial-delay', '1500ms'];
  assert.equal((await spool.once(flags)).exitCode, 0);
  assert.deepEqual(
    inTurn(spool, () => true),
    ['intent-1.json', 'intent-3.json', 'intent-1.json', 'intent-2.json'],
  );
});

test('priority chooses between targets and never within one', async () => {
  await using spool = new Spool();
  const dropped: [string, string, string | number][] = [
    ['intent-1.json', 'slow', 0],
    ['intent-2.json', 'plain', 'normal'],
    ['intent-3.json', 'urgent', 'low'],
    ['intent-4.json', 'urgent', 'critical'],
  ];
  for (const [place, [name, target, priority]] of dropped.entries()) {
    const mtimeMs = hourAgo + place * 1000;
    spool.drop(name, intentFor('', { target, priority }), { mtimeMs });
  }
  assert.equal((await spool.once(['-max-workers', '1'])).exitCode, 0);
  // While intent-3 is being filed its target is busy, and a free worker may serve another one.
  const order = inTurn(spool, () => true);
  const others = order.filter((name) => name !== 'intent-4.json');
  assert.deepEqual(others, ['intent-3.json', 'intent-2.json', 'intent-1.json']);
  assert.ok(order.indexOf('intent-4.json') > order.indexOf('intent-3.json'));
});

test('an older file that is found while others wait goes first', async () => {
  await using spool = new Spool();
  await spool.watch();
  spool.drop('intent-1.json', intentFor('wait-for=go'));
  await spool.begun('intent-1.json');
  spool.drop('intent-3.json', intentFor(''), { mtimeMs: hourAgo + 1000 });
  spool.drop('intent-2.json', intentFor(''), { mtimeMs: hourAgo });
  spool.drop('intent-mark.json', intentFor('', { target: 'other' }));
  await spool.filed('intent-mark.json');
  spool.release('go');
  await spool.filed('intent-3.json');
  const order = inTurn(spool, (name) => name !== 'intent-mark.json');
  assert.deepEqual(order, ['intent-1.json', 'intent-2.json', 'intent-3.json']);
});
