import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Configured } from './configured.ts';

/** Each setting that docs/settings.md says a reload changes, and what is seen of the change. */

test('what is looked up for each intent: log, porch, retries, limits', async () => {
  await using spool = new Configured();
  const program = spool.startWith({}, [], { env: { PLEASE_PASS: 'on' } });
  await spool.said(/^watching /);
  const drop = (name: string, directives: string, more = {}) =>
    spool.drop(`intent-${name}.json`, intentFor(directives, { target: name, ...more }));
  const codes = async (...names: string[]) => {
    const filed = names.map((name) => spool.filed(`intent-${name}.json`, 'failed'));
    return (await Promise.all(filed)).map((status) => status.error_details?.error_code);
  };
  const environment = (name: string) =>
    readFileSync(join(spool.out, `intent-${name}.json.env`), 'utf8');

  drop('early', 'env');
  assert.equal((await spool.filed('intent-early.json')).mode, 'direct');
  assert.ok(!environment('early').includes('PLEASE_PASS'));
  await spool.change({ log_level: 'debug', mode: 'structured', porch_env: ['PLEASE_PASS'] });
  drop('late', 'env');
  assert.equal((await spool.filed('intent-late.json')).mode, 'structured');
  assert.ok(environment('late').includes('PLEASE_PASS=on'));
  assert.equal(program.logged(/^porch ended/).length, 1);

  await spool.change({ porch_timeout: '200ms', max_porch_timeout: '300ms' });
  await spool.change({ log_level: 'error', 'retry.max_attempts': 1 });
  drop('slow', 'sleep=60');
  drop('slower', 'sleep=60', { timeout: '1m' });
  const slow = await spool.filed('intent-slow.json', 'timeout');
  const slower = await spool.filed('intent-slower.json', 'timeout');
  assert.match(slow.message, /within 200ms/);
  assert.match(slower.message, /within 300ms/);
  assert.equal(slow.attempts, 1);

  await spool.change({ log_level: 'info', porch_timeout: '1m' });
  assert.deepEqual(program.logged(/^intent-slow/), []);
  await spool.change({
    'retry.max_attempts': 2,
    'retry.initial_delay': '1h',
    'retry.max_delay': '1h',
  });
  await spool.change({ 'retry.initial_delay': '10ms', 'retry.max_delay': '10ms' });
  drop('again', 'exit=75');
  assert.equal((await spool.filed('intent-again.json', 'failed')).attempts, 2);

  await spool.change({ max_replicas: 5, max_file_size: 300, system_namespaces: ['kube-system'] });
  drop('many', '', { replicas: 6 });
  drop('large', '', { description: 'x'.repeat(300) });
  drop('system', '', { namespace: 'kube-system' });
  assert.deepEqual(await codes('many', 'large'), ['E003', 'E002']);
  await spool.filed('intent-system.json');

  await spool.change({ cleanup_after: '1s', failed_cleanup_after: '168h' });
  await spool.until(() => spool.list('processed').length === 0, 'processed being cleaned');
  assert.ok(spool.list('failed').includes('intent-many.json'));
  await spool.change({ failed_cleanup_after: '1s', state_retention: '1s' });
  await spool.until(() => spool.list('failed').length === 0, 'failed being cleaned');
  await spool.said(/[1-9]\d* entries forgotten/);
});

test('what something waits for: debounce, settle_timeout, period', async () => {
  await using spool = new Configured();
  await spool.watchWith({ debounce: '1h' }, ['-poll']);
  spool.drop('intent-a.json', intentFor(''));
  await spool.change({ debounce: '20ms', settle_timeout: '1h' });
  await spool.filed('intent-a.json');

  spool.drop('intent-b.json', '{"cut off');
  spool.drop('intent-c.json', intentFor(''));
  await spool.filed('intent-c.json');
  assert.deepEqual(spool.list('failed'), []);
  await spool.change({ settle_timeout: '50ms' });
  const { error_details } = await spool.filed('intent-b.json', 'failed');
  assert.equal(error_details?.error_code, 'E001');

  await spool.change({ period: '1h' });
  spool.drop('intent-d.json', intentFor(''));
  await spool.change({ period: '20ms' });
  await spool.filed('intent-d.json');
  spool.drop('intent-e.json', intentFor(''));
  await spool.filed('intent-e.json');
});

test('max_workers, up and down, and shutdown_grace', async () => {
  await using spool = new Configured();
  const drop = (name: string, more = '') =>
    spool.drop(`intent-${name}.json`, intentFor(`${more} wait-for=${name}`, { target: name }));
  await spool.watchWith({ max_workers: 1, shutdown_grace: '1h' });
  drop('a');
  await spool.begun('intent-a.json');
  for (const name of ['b', 'c', 'd']) drop(name);
  await spool.change({ max_workers: 3 });
  await spool.begun('intent-b.json');
  await spool.begun('intent-c.json');
  assert.equal(spool.runs('intent-d.json'), 0);
  await spool.change({ max_workers: 1 });
  spool.release('a');
  await spool.filed('intent-a.json');
  spool.release('b');
  await spool.filed('intent-b.json');
  assert.equal(spool.runs('intent-d.json'), 0, 'one still runs, and one is all');
  spool.release('c');
  await spool.begun('intent-d.json');
  spool.release('d');
  await spool.filed('intent-d.json');

  drop('e', 'ignore-term');
  await spool.begun('intent-e.json');
  await spool.change({ shutdown_grace: '300ms' });
  assert.equal(await spool.program.stop(), 0);
});

test('crash_limit', async () => {
  await using spool = new Configured();
  await spool.watchWith({});
  spool.drop('intent-a.json', intentFor('wait-for=go exit=75'));
  await spool.begun('intent-a.json');
  await spool.program.stop('SIGKILL');
  await spool.watchWith({ 'retry.initial_delay': '3s' });
  spool.release('go');
  await spool.said(/is repeated/);
  await spool.change({ crash_limit: 1 });
  const { error_details } = await spool.filed('intent-a.json', 'failed');
  assert.equal(error_details?.error_code, 'E012');
});

test('queue_size', async () => {
  await using spool = new Configured();
  const program = await spool.watchWith({ max_workers: 1, queue_size: 1 });
  spool.drop('intent-0.json', intentFor('wait-for=go'));
  await spool.begun('intent-0.json');
  const old = Date.now() - 60_000;
  for (const [index, priority] of [0, 0, 10].entries()) {
    const intent = intentFor('', { target: `t${index}`, priority });
    spool.drop(`intent-${index + 1}.json`, intent, { mtimeMs: old + index });
  }
  await spool.change({ queue_size: 100 });
  // What is read by now has been read in order: the last of them is queued when this one is refused.
  spool.drop('intent-4.json', '{}');
  await spool.filed('intent-4.json', 'failed');
  spool.release('go');
  for (const index of [1, 2, 3]) await spool.filed(`intent-${index}.json`);
  const starts = spool.porchLog.filter(({ event }) => event === 'start').map(({ name }) => name);
  assert.deepEqual(
    starts,
    [0, 3, 1, 2].map((index) => `intent-${index}.json`),
  );
  assert.equal(await program.stop(), 0);
});

test('hold_timeout, of a backlog that waits for porch', async () => {
  await using spool = new Configured();
  const porch = spool.path('porch');
  spool.install(porch);
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  spool.drop('intent-b.json', intentFor(''));
  const program = spool.startWith({ hold_timeout: '1h' }, ['-once', '-porch', porch]);
  await spool.begun('intent-a.json');
  spool.uninstall(porch);
  spool.release('go');
  await spool.said(/^the queue is held/);
  await spool.change({ hold_timeout: '100ms' });
  assert.equal(await program.exitCode(), 2);
});
