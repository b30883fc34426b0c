import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { intentFor } from '../tools/porch.ts';
import { Configured } from './configured.ts';

const readAgain = /^configuration read again: no setting has another value/;

test('what needs a restart is named and kept, what can change changes all the same', async () => {
  await using spool = new Configured();
  await spool.watchWith({});
  await spool.change({ mode: 'structured', lease_ttl: '20s', environment: 'staging' });
  const [line] = await spool.said(/^a restart is needed/);
  assert.match(line?.message ?? '', /lease_ttl from 15s to 20s, environment from production to st/);
  assert.deepEqual(line?.needs_restart, ['lease_ttl', 'environment']);
  assert.equal(line?.level, 'warn');
  const [changed] = spool.program.logged(/^configuration reloaded/);
  assert.match(changed?.message ?? '', /: mode from direct to structured$/);
  assert.deepEqual(changed?.changed, ['mode']);
  spool.drop('intent-a.json', intentFor(''));
  assert.equal((await spool.filed('intent-a.json')).mode, 'structured');
  assert.equal(spool.program.log.at(-1)?.environment, 'production');
});

test('a bad file changes nothing, and it is said what is wrong, where, and what to do', async () => {
  await using spool = new Configured();
  await spool.watchWith({ mode: 'structured' });
  for (const [text, why] of [
    ['{"mode": "direct",}', /config\.json, line 1, column 19: .*; remove the comma/],
    ['{"mode": "direct", "periot": "1s"}', /config\.json: periot is not .*did you mean period\?/],
    ['{"mode": "direct", "debounce": 5}', /key debounce: 5 is not allowed: .*such as 500ms/],
    ['{"retry": {"max_delay": "1ms"}}', /retry\.initial_delay \(1s\) is longer/],
    [null, /config\.json cannot be read: ENOENT/],
  ] as const) {
    if (text === null) rmSync(spool.config);
    else spool.write(text);
    const [line] = await spool.said(why);
    assert.match(line?.message ?? '', /is not reloaded, all settings stay as they were: /);
    assert.equal(line?.level, 'error');
    assert.equal(line?.error_type, 'config');
  }
  spool.drop('intent-a.json', intentFor(''));
  assert.equal((await spool.filed('intent-a.json')).mode, 'structured');
  await spool.change({ mode: 'direct' });
  assert.deepEqual(spool.program.logged(/^configuration reloaded/).length, 1);
});

test('the links of a ConfigMap may be exchanged', async () => {
  await using spool = new Configured();
  const at = (...names: string[]) => spool.path('config', ...names);
  const publish = (version: string, settings: object) => {
    mkdirSync(at(version));
    writeFileSync(at(version, 'settings.json'), JSON.stringify(settings));
    symlinkSync(version, at('..data_tmp'));
    renameSync(at('..data_tmp'), at('..data'));
  };
  const base = { debounce: '20ms' };
  publish('..v1', { ...base, mode: 'direct' });
  symlinkSync('..data/settings.json', at('settings.json'));
  // The flag that comes last counts.
  await spool.watchWith({}, ['-config', at('settings.json')]);
  publish('..v2', { ...base, mode: 'structured' });
  rmSync(at('..v1'), { recursive: true });
  await spool.said(/^configuration reloaded: mode from direct to structured$/);
  publish('..v3', { ...base, mode: 'direct' });
  await spool.said(/^configuration reloaded: mode from structured to direct$/);
});

test('SIGHUP without a file, or with flags that beat it, says why nothing changes', async () => {
  await using spool = new Configured();
  const program = await spool.watch();
  program.signal('SIGHUP');
  await spool.until(() => program.logged(readAgain).length === 1, 'the answer');
  assert.equal(await program.stop(), 0);
  await spool.watchWith({}, ['-mode', 'structured']);
  spool.put({ mode: 'direct', 'retry.initial_delay': '1s', debounce: '20ms', period: '200ms' });
  await spool.said(/^configuration reloaded: retry/);
  spool.program.signal('SIGHUP');
  const [line] = await spool.said(readAgain);
  assert.match(line?.message ?? '', /; mode is set by flag --mode, which beats the file$/);
});

test('a configuration from a pipe is read once, and SIGHUP meanwhile does no harm', async () => {
  await using spool = new Configured();
  const pipe = spool.path('pipe');
  execFileSync('mkfifo', [pipe]);
  const program = spool.startWith({}, ['-config', pipe]);
  const writer = await spool.until(() => openForReader(pipe), 'the program reading the pipe');
  program.signal('SIGHUP');
  writeSync(writer, '{"debounce": "20ms", "mode": "structured"}');
  closeSync(writer);
  await spool.said(/^watching /);
  spool.drop('intent-a.json', intentFor(''));
  assert.equal((await spool.filed('intent-a.json')).mode, 'structured');
  const [line] = await spool.said(/can be read only once; start with a file to change it$/);
  assert.equal(line?.level, 'error');
  assert.equal(await program.stop(), 0);
});

/** A pipe can be opened for writing without waiting once somebody reads it. */
function openForReader(pipe: string): number | null {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}

test('storms of SIGHUP, from the first line of the log to the end, do no harm', async () => {
  await using spool = new Configured();
  spool.drop('intent-0.json', intentFor('wait-for=go'));
  const program = spool.startWith({ shutdown_grace: '30s' }, ['-log-level', 'debug']);
  await spool.until(() => program.stderr.length > 0, 'the first line of the log');
  let sent = 0;
  const storm = async (until: () => boolean) => {
    for (; !until(); sent++) {
      program.signal('SIGHUP');
      if (sent % 20 === 0) await delay(1);
    }
  };
  await storm(() => spool.runs('intent-0.json') > 0);
  for (let index = 1; index <= 5; index++) {
    spool.drop(`intent-${index}.json`, intentFor('', { target: `t${index}` }));
    spool.put({ debounce: `${10 + index}ms`, max_workers: 2 + (index % 3), shutdown_grace: '30s' });
    await storm(() => spool.status(`intent-${index}.json`) !== null);
  }
  // Each may have found another value, so that none says that nothing has changed.
  const answers = () => program.logged(/^configuration (?:read again|reloaded)/).length;
  await storm(() => answers() > 0);
  program.signal('SIGTERM');
  await storm(() => program.logged(/^stopping/).length > 0);
  spool.release('go');
  await storm(() => !program.alive);
  // The runtime listens to no signal while it ends itself; by then everything is in its place.
  assert.ok([0, 129].includes(await program.exitCode()), program.stderr.slice(-3000));
  const left = spool.list().filter((name) => name.includes('journal') || name.endsWith('.json'));
  assert.deepEqual([left, spool.list('processed').length], [['.conductor-state.json'], 6]);
  assert.deepEqual(
    spool.list('.inflight').filter((name) => name.endsWith('.lease')),
    [],
  );
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((index) => spool.runs(`intent-${index}.json`)),
    [1, 1, 1, 1, 1, 1],
  );
  assert.ok(answers() < sent, `${answers()} answers to ${sent} signals`);
});
