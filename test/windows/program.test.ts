import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import * as z from 'zod';
import { forbidden } from '../faults/skip.ts';
import { bootProblem } from '../install/debian.ts';
import { until } from '../tools/until.ts';
import { Spool } from './spool.ts';
import { type Running, Wine } from './wine.ts';

const CTRL_C = '0';
const CTRL_BREAK = '1';
const CONSOLE_CLOSED = '2';

/** A writer of Windows that lets nobody else in, or lets others read. */
const EXCLUSIVE = '0';
const READERS = '1';

const limit = { timeout: 100_000 };

async function cases(wine: Wine, t: { test: typeof test }) {
  await t.test('the .exe tells its version', limit, async () => {
    const { code, stdout } = await wine.run('conductor-loop.exe', '-version');
    assert.deepEqual([code, /^conductor-loop .* win32 x64\)\n$/.test(stdout)], [0, true], stdout);
  });

  await t.test('-once works a backlog off', limit, async () => {
    const spool = new Spool(wine);
    spool.drop('intent-one.json', { target: 'one' });
    spool.drop('intent-zwei-ä.json', { target: 'zwei', namespace: 'other' });
    assert.equal((await spool.once()).code, 0);
    assert.deepEqual(spool.list('handoff', 'processed').sort(), [
      'intent-one.json',
      'intent-zwei-ä.json',
    ]);
    assert.match(spool.read('out', 'default', 'one', 'Kptfile'), /kpt\.dev\/v1/);
    assert.equal(spool.status('intent-zwei-ä.json').status, 'success');
    // Again for the same target: the package is replaced. The first name has nothing new to say.
    spool.drop('intent-one.json', { target: 'one' });
    spool.drop('intent-more.json', { target: 'one', replicas: 7 });
    spool.drop('intent-bad.json', { replicas: 'many' });
    const { code, stderr } = await spool.once();
    assert.equal(code, 8, stderr);
    assert.match(stderr, /3 done .* 1 succeeded, 1 skipped, 1 failed \(E003 1\)/);
    assert.match(spool.read('out', 'default', 'one', 'Kptfile'), /replicas: ?"7"/);
    assert.deepEqual(spool.list('handoff', 'failed'), ['intent-bad.json']);
  });

  await t.test(
    'names that Windows gives to devices are refused, with a reason',
    limit,
    async () => {
      const spool = new Spool(wine);
      spool.drop('intent-device.json', { namespace: 'nul' });
      spool.drop('intent-dotted.json', { target: 'com1.web' });
      spool.drop('intent-fine.json', { namespace: 'null', target: 'console' });
      assert.equal((await spool.once()).code, 8);
      assert.deepEqual(spool.list('handoff', 'processed'), ['intent-fine.json']);
      assert.match(spool.status('intent-device.json').message, /nul is the name of a device/);
      assert.match(spool.status('intent-dotted.json').message, /com1\.web is the name of a device/);
    },
  );

  await t.test('watch mode takes what is dropped, and Ctrl-Break stops it', limit, async () => {
    const deep = Array.from({ length: 6 }, () => 'd'.repeat(50)).join('\\');
    const spool = new Spool(wine, `long\\${deep}`);
    assert.ok(spool.there('handoff').length > 260);
    const running = await spool.watch();
    spool.drop('intent-a.json', { target: 'first' });
    await until(() => spool.list('handoff', 'processed').includes('intent-a.json'));
    // For Windows that is the same name, and no file may replace another.
    spool.drop('intent-A.json', { target: 'second' });
    await until(() => spool.list('handoff', 'processed').length === 2);
    await until(() => spool.list('handoff').includes('intent-A.json') === false);
    for (const name of ['first', 'second']) assert.ok(existsSync(spool.path('out/default', name)));
    await wine.run('tool.exe', 'control', spool.pid(), CTRL_BREAK);
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /stopping: SIGBREAK received/);
    const kept = spool.list('handoff', 'processed').sort();
    assert.match(kept.join(), /^intent-A\.json\.\d{8}T\d{9}Z\.json,intent-a\.json$/);
  });

  await t.test('a closed console stops it, too', limit, async () => {
    const spool = new Spool(wine);
    const running = await spool.watch();
    await wine.run('tool.exe', 'control', spool.pid(), CONSOLE_CLOSED);
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /stopping: SIGHUP received/);
  });

  await t.test(
    '-once that is stopped gives back what runs, ends its tree, and says 3',
    limit,
    async () => {
      const spool = new Spool(wine);
      spool.drop('intent-sleeps.json', { reason: 'sleep' });
      const running = spool.start('-once', '-porch', 'C:\\tool.exe', '-shutdown-grace', '1s');
      await until(() => existsSync(spool.path('out', 'ticks')));
      await wine.run('tool.exe', 'control', spool.pid(), CTRL_C);
      const { code, stderr } = await running.ended;
      assert.equal(code, 3, stderr);
      assert.deepEqual(spool.list('handoff').includes('intent-sleeps.json'), true);
      await assertSilent(spool);
    },
  );

  await t.test('what is killed leaves its name, its claims, and no process', limit, async () => {
    const spool = new Spool(wine);
    const beside = await spool.watch();
    spool.drop('intent-killed.json', { reason: 'sleep' });
    await until(() => spool.list('handoff', 'processed').includes('intent-killed.json'));
    await stop(wine, spool, beside);
    spool.drop('intent-killed.json', { reason: 'sleep', replicas: 2 });
    const killed = spool.start('-porch', 'C:\\tool.exe');
    await until(() => existsSync(spool.path('out', 'ticks')));
    const heir = await spool.watch();
    assert.match(heir.stderr(), /sharing .* with windows"/);
    await wine.run('tool.exe', 'kill', spool.pid());
    await killed.ended;
    await assertSilent(spool);
    await until(() => spool.list('handoff', 'processed').length === 2);
    await stop(wine, spool, heir, 'windows-2');
  });

  await t.test('an external .exe runs, and what it leaves behind is ended', limit, async () => {
    const spool = new Spool(wine);
    spool.drop('intent-one.json');
    spool.drop('intent-fails.json', { reason: 'exit:9' });
    spool.drop('intent-leaves.json', { reason: 'leave' });
    const { code, stderr } = await spool.once('-porch', 'C:\\tool.exe', '-mode', 'structured');
    assert.equal(code, 8, stderr);
    const failed = spool.status('intent-fails.json').error_details;
    assert.match(failed?.error_message ?? '', /exit code 9/);
    const calls = spool.read('out', 'porch.log').trim().split('\n');
    assert.deepEqual(
      calls.map((line): unknown => JSON.parse(line)).find((call) => String(call).includes('one')),
      [claimed(spool, 'intent-one.json'), spool.there('out'), '-structured'],
    );
    await assertSilent(spool);
  });

  await t.test('a time limit ends the whole tree', limit, async () => {
    const spool = new Spool(wine);
    spool.drop('intent-sleeps.json', { reason: 'sleep', timeout: '6s' });
    writeFileSync(wine.path('slow.cmd'), '@C:\\tool.exe %*\r\n');
    await spool.once('-porch', 'C:\\slow.cmd', '-retry-max-attempts', '1');
    assert.equal(spool.status('intent-sleeps.json').error_details?.error_code, 'E007');
    await assertSilent(spool);
  });

  await t.test('a .cmd runs without an opening for what intents are called', limit, async () => {
    const spool = new Spool(wine, 'batch & %TEMP% (1)');
    mkdirSync(wine.path('pro & grams'), { recursive: true });
    const lines = [
      '@echo off',
      'echo %~2>C:\\ran-%~nx2',
      'C:\\tool.exe %*',
      'exit /b %errorlevel%',
    ];
    writeFileSync(wine.path('pro & grams', 'porch.cmd'), `${lines.join('\r\n')}\r\n`);
    const hostile = ['a&md injected&', '%CMDCMDLINE%', '^!x!', 'a b', '(x)', 'ʺ'];
    for (const name of hostile) spool.drop(`intent-${name}.json`);
    spool.drop('intent-one.json');
    spool.drop('intent-fails.json', { reason: 'exit:9' });
    const { code, stderr } = await spool.once('-porch', 'C:\\pro & grams\\porch.cmd');
    assert.equal(code, 8, stderr);
    assert.equal(spool.status('intent-one.json').status, 'success', stderr);
    assert.match(spool.status('intent-fails.json').message, /exit code 9/);
    for (const name of hostile) {
      const { error_details } = spool.status(`intent-${name}.json`);
      assert.deepEqual(error_details?.error_code, 'E014', name);
    }
    const made = readdirSync(wine.path('.')).filter((name) => /^(ran-|injected)/.test(name));
    assert.deepEqual(made.sort(), ['ran-intent-fails.json', 'ran-intent-one.json']);
    const [call = ''] = spool.read('out', 'porch.log').split('\n');
    const [intent, out] = z.tuple([z.string(), z.string()]).parse(JSON.parse(call));
    assert.equal(intent.startsWith(spool.there('handoff', '.inflight', 'windows')), true, intent);
    assert.equal(out, spool.there('out'));
    writeFileSync(wine.path('empty.cmd'), '');
    const empty = await new Spool(wine).once('-porch', 'C:\\empty.cmd');
    assert.match(empty.stderr, /porch cannot be run: .*empty\.cmd is empty/);
    assert.equal(empty.code, 1);
  });

  await t.test(
    'what others keep open is waited for, and holds up nothing else',
    limit,
    async () => {
      const spool = new Spool(wine);
      const running = await spool.watch();
      const release = await held(wine, spool, 'handoff\\intent-exclusive.json', EXCLUSIVE);
      const releaseRead = await held(wine, spool, 'handoff\\intent-read.json', READERS);
      spool.drop('intent-free.json');
      await until(() => spool.list('handoff', 'processed').includes('intent-free.json'));
      await until(() => running.stderr().includes('intent-read.json cannot be moved'));
      assert.deepEqual(spool.list('handoff', 'processed'), ['intent-free.json']);
      release();
      releaseRead();
      await until(() => spool.list('handoff', 'processed').length === 3);
      // A reader of the status that forbids to replace it, as a tail or a backup may be.
      const releaseStatus = await held(
        wine,
        spool,
        'handoff\\status\\intent-free.json.status',
        READERS,
      );
      spool.drop('intent-free.json', { replicas: 5 });
      await until(() => running.stderr().includes('file intent-free.json'));
      releaseStatus();
      await until(() => spool.list('handoff', 'processed').length === 4);
      await stop(wine, spool, running);
    },
  );
}

/** Has a program of Windows open a file (which it writes, where it is not there); gives what ends that. */
async function held(wine: Wine, spool: Spool, name: string, share: string): Promise<() => void> {
  const end = `until-${name.replace(/\W/g, '-')}`;
  const place = name.split('\\');
  void wine.run('tool.exe', 'hold', spool.there(...place), spool.there(end), share);
  await until(() => existsSync(spool.path(`${end}.held`)));
  return () => writeFileSync(spool.path(end), '');
}

async function stop(wine: Wine, spool: Spool, running: Running, instance = 'windows') {
  await wine.run('tool.exe', 'control', spool.pid(instance), CTRL_C);
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
}

const claimed = (spool: Spool, name: string) =>
  spool.there('handoff', '.inflight', 'windows', name);

/** What wrote ticks has ended. */
async function assertSilent(spool: Spool): Promise<void> {
  const size = () => statSync(spool.path('out', 'ticks')).size;
  const before = size();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(size(), before, 'it still runs');
}

test('the program on Windows', async (t) => {
  const problem = bootProblem();
  if (problem !== null) return forbidden('the program on Windows', problem);
  const started = await Wine.start();
  if (started instanceof Error) return forbidden('the program on Windows', started.message);
  await using wine = started;
  await cases(wine, t);
});
