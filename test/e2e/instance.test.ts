import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeRecord } from '../../src/state/records.ts';
import { ended, leaseText } from '../spool/lease-support.ts';
import { intentFor } from '../tools/porch.ts';
import type { Program } from './harness.ts';
import { Spool } from './spool.ts';

const TTL = ['-lease-ttl', '3s'];

const lease = (spool: Spool, instance: string) =>
  join(spool.handoff, '.inflight', `${instance}.lease`);

/** Starts instances and waits until each reckons with the others. */
async function together(spool: Spool, names: readonly string[], flags: readonly string[] = TTL) {
  const programs: Program[] = [];
  for (const name of names) programs.push(await spool.watch(['-instance', name, ...flags]));
  for (const [index, program] of programs.entries()) {
    const others = names.filter((_, other) => other !== index).join(', ');
    const says = () => program.logged(/^sharing /).some(({ message }) => message.endsWith(others));
    await spool.until(says, 'everybody reckoning with everybody');
  }
  return programs;
}

/** A name for each of so many intents, each with a target of its own. */
function dropMany(spool: Spool, count: number, directives = '', first = 0): string[] {
  const names = Array.from({ length: count }, (_, index) => `intent-${first + index}.json`);
  for (const name of names) spool.drop(name, intentFor(directives, { target: name.slice(0, -5) }));
  return names;
}

const filedBy = (spool: Spool, names: readonly string[]) =>
  names.map((name) => spool.status(name)?.instance ?? '');

test('two instances share what is dropped, and each intent runs once', async () => {
  await using spool = new Spool();
  const [one, two] = await together(spool, ['one', 'two']);
  assert.ok(one && two);
  assert.equal(one.logged(/^sharing .* with two$/).length, 1);
  const names = dropMany(spool, 24);
  await spool.until(() => spool.list('processed').length === names.length, 'all being filed');
  assert.deepEqual([...new Set(filedBy(spool, names))].sort(), ['one', 'two']);
  for (const name of names) assert.equal(spool.runs(name), 1, name);
  // The same again: whoever takes it knows what the other has recorded.
  dropMany(spool, 24);
  await spool.until(() => spool.list('processed').length === 2 * names.length, 'all again');
  for (const name of names) {
    assert.equal(spool.status(name)?.status, 'skipped');
    assert.equal(spool.runs(name), 1, name);
  }
  assert.equal(await two.stop(), 0);
  assert.equal(await one.stop(), 0);
  assert.deepEqual(
    spool.list('.inflight').filter((name) => name.endsWith('.lease')),
    [],
  );
});

test('who stops leaves its work to the other, who goes on with all of it', async () => {
  await using spool = new Spool();
  const [one, two] = await together(spool, ['one', 'two']);
  assert.ok(one && two);
  assert.equal(await one.stop(), 0);
  const names = dropMany(spool, 12);
  await spool.until(() => spool.list('processed').length === names.length, 'all being filed');
  assert.deepEqual([...new Set(filedBy(spool, names))], ['two']);
  assert.ok(names.every((name) => spool.runs(name) === 1));
  await spool.until(() => two.logged(/^alone on /).length === 1, 'it noticing that');
  assert.equal(await two.stop(), 0);
});

test('what an instance that was killed had in hand goes to the other', async () => {
  await using spool = new Spool();
  const [one, two] = await together(spool, ['one', 'two'], [...TTL, '-max-workers', '8']);
  assert.ok(one && two);
  const names = dropMany(spool, 8, 'wait-for=go');
  for (const name of names) await spool.begun(name);
  assert.equal(await one.stop('SIGKILL'), 137);
  await spool.until(
    () => two.logged(/^ended \d+ processes that porch had/).length === 1,
    'their end',
  );
  spool.release('go');
  await spool.until(() => spool.list('processed').length === names.length, 'all being filed');
  await spool.until(() => two.logged(/^took over what one had left/).length === 1, 'it saying so');
  assert.deepEqual([...new Set(filedBy(spool, names))], ['two']);
  assert.equal(await two.stop(), 0);
  assert.deepEqual(
    spool.list('.inflight').filter((name) => /lease|dead/.test(name)),
    [],
  );
});

test('after a kill the next start has its name and its claims at once', async () => {
  await using spool = new Spool();
  const flags = ['-instance', 'one', '-lease-ttl', '10m'];
  const first = await spool.watch(flags);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  await spool.begun('intent-a.json');
  assert.equal(await first.stop('SIGKILL'), 137);
  spool.release('go');
  // With a lease_ttl of ten minutes it can only be at once.
  const { program, exitCode } = await spool.once(flags);
  assert.equal(exitCode, 0, program.stderr);
  assert.equal(spool.status('intent-a.json')?.instance, 'one');
  assert.equal(spool.runs('intent-a.json'), 2);
  // Under another name it is no different.
  const second = await spool.watch(flags);
  spool.drop('intent-b.json', intentFor('wait-for=later'));
  await spool.begun('intent-b.json');
  await second.stop('SIGKILL');
  spool.release('later');
  assert.equal((await spool.once(['-instance', 'two', '-lease-ttl', '10m'])).exitCode, 0);
  assert.equal(spool.status('intent-b.json')?.instance, 'two');
  assert.deepEqual(spool.list('processed'), ['intent-a.json', 'intent-b.json']);
});

test('what a killed program left running is ended before its intent runs again', async () => {
  await using spool = new Spool();
  const first = await spool.watch();
  spool.drop('intent-a.json', intentFor('wait-for=never'));
  await spool.begun('intent-a.json');
  await first.stop('SIGKILL');
  const second = await spool.watch(['-porch-timeout', '300ms', '-retry-max-attempts', '1']);
  await spool.filed('intent-a.json', 'timeout');
  spool.release('never');
  // Once more where something of the second run, too, was left at its end.
  assert.ok(second.logged(/^ended \d+ processes that porch had left behind/).length >= 1);
  assert.equal(await second.stop(), 0);
  assert.ok(spool.porchLog.every((line) => line.event === 'start'));
});

test('beside a lease of another system a start has a name at once, and its claims after lease_ttl', async () => {
  await using spool = new Spool();
  const first = await spool.watch(['-instance', 'one', ...TTL]);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  await spool.begun('intent-a.json');
  await first.stop('SIGKILL');
  const path = lease(spool, 'one');
  const content = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...content, scope: 'another system', host: 'far-away' }));
  spool.drop('intent-b.json', intentFor(''));
  spool.release('go');
  const begun = Date.now();
  const second = await spool.watch(['-instance', 'one', ...TTL]);
  await spool.filed('intent-a.json');
  await spool.filed('intent-b.json');
  assert.ok(Date.now() - begun >= 3000, 'it was declared dead too soon');
  assert.ok(second.log.every(({ instance }) => instance === 'one-2'));
  assert.equal(spool.status('intent-a.json')?.instance, 'one-2');
  assert.equal(second.logged(/^took over what one had left/).length, 1);
  assert.equal(await second.stop(), 0);
});

test('an instance that was declared dead files nothing more, and says so', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-instance', 'one', ...TTL]);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  await spool.begun('intent-a.json');
  const { life } = JSON.parse(readFileSync(lease(spool, 'one'), 'utf8'));
  renameSync(lease(spool, 'one'), join(spool.handoff, '.inflight', `one.${life}.dead.heir`));
  spool.release('go');
  assert.equal(await program.exitCode(), 2);
  assert.equal(program.logged(/lease on .* was taken over: .* no sign of life/).length, 1);
  assert.deepEqual(spool.list('processed'), []);
  assert.deepEqual(spool.claimed, ['intent-a.json']);
  // Nobody settles it, for there is no such heir: the next start does.
  const { exitCode } = await spool.once(['-instance', 'one', ...TTL]);
  assert.equal(exitCode, 0);
  assert.deepEqual(spool.list('processed'), ['intent-a.json']);
});

test('who has to wait for another that settles what a dead one left says so', async () => {
  await using spool = new Spool();
  const inflight = spool.path('handoff', '.inflight');
  mkdirSync(inflight, { mode: 0o700 });
  const journal = spool.path('handoff', '.conductor-state.dead.journal');
  const header = { version: 1, instance: 'dead', segment: 1, life: 'gone', created: '' };
  writeFileSync(journal, encodeRecord({ t: 'segment', ...header }));
  const estate = join(inflight, 'dead.gone.dead.heirlife');
  writeFileSync(estate, leaseText('dead', { life: 'gone', ...ended }));
  writeFileSync(lease(spool, 'heir'), leaseText('heir', { life: 'heirlife' }));
  spool.drop('intent-a.json', intentFor(''));
  const program = await spool.watch(['-instance', 'one', '-lease-ttl', '60s']);
  const says =
    /^nothing is claimed yet: what dead did last is known when the instance that settles it/;
  await spool.until(() => program.logged(says).length > 0, 'it saying so');
  assert.equal(spool.runs('intent-a.json'), 0);
  renameSync(journal, `${journal}.1-${statSync(journal).size}`);
  for (const path of [estate, lease(spool, 'heir')]) rmSync(path);
  await spool.filed('intent-a.json');
  assert.equal(program.logged(says).length, 1);
  assert.equal(await program.stop(), 0);
});

test('--once beside a living instance works off its own, and says how many are left', async () => {
  await using spool = new Spool();
  const flags = [...TTL, '-max-workers', '1'];
  const one = await spool.watch(['-instance', 'one', ...flags]);
  const [first = ''] = dropMany(spool, 1, 'wait-for=go');
  await spool.begun(first);
  const names = dropMany(spool, 16, '', 1);
  const { program, exitCode } = await spool.once(['-instance', 'two', ...flags]);
  assert.equal(exitCode, 0, program.stderr);
  const done = names.filter((name) => spool.status(name));
  const left = [first, ...names].filter((name) => !done.includes(name));
  assert.ok(done.length > 0 && left.length > 1, program.stderr);
  assert.deepEqual([...new Set(filedBy(spool, done))], ['two']);
  const [summary] = program.logged(/ done in /);
  const expected = new RegExp(`^${done.length} done in .*, ${left.length} left$`);
  assert.match(summary?.message ?? '', expected);
  spool.release('go');
  await spool.until(() => spool.list('processed').length === names.length + 1, 'the rest');
  assert.deepEqual([...new Set(filedBy(spool, left))], ['one']);
  assert.equal(await one.stop(), 0);
  assert.ok([first, ...names].every((name) => spool.runs(name) === 1));
});
