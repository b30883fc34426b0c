import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { forbidden } from '../faults/skip.ts';
import { NotifySocket } from '../tools/notify-socket.ts';
import { intentFor } from '../tools/porch.ts';
import { Configured } from './configured.ts';
import { type StartOptions, underTest } from './harness.ts';

/** A socket as systemd makes one for each service; null where that cannot be tried. */
function manager({ name }: TestContext, address: string): NotifySocket | null {
  const socket = NotifySocket.bind(address);
  if (!socket) forbidden(name, 'this runtime has no node:ffi for a Unix datagram socket');
  const carried = underTest !== 'deno' || spawnSync('systemd-notify', ['--version']).status === 0;
  if (!carried) forbidden(name, 'systemd-notify is not installed');
  return carried ? socket : null;
}

test('systemd is told of the start, of a reload, of the work and of the end', async (t) => {
  await using spool = new Configured();
  using socket = manager(t, spool.path('notify'));
  if (!socket) return;
  const told = (line: RegExp) => spool.until(() => socket.having(line).at(-1), `${line}`);
  spool.startWith({}, [], { env: { NOTIFY_SOCKET: spool.path('notify') } });
  const ready = await told(/^READY=1$/);
  assert.match(ready, /^STATUS=watching .*handoff: 0 open, 0 succeeded, 0 failed$/m);
  // The log comes another way, and may be later.
  await spool.said(/^watching /);
  spool.drop('intent-a.json', intentFor('exit=1'));
  await told(/^STATUS=watching .*: 0 open, 0 succeeded, 1 failed \(E013 1\)$/);
  spool.program.signal('SIGHUP');
  const reloading = await told(/^RELOADING=1$/);
  await spool.until(() => socket.having(/^READY=1$/).length === 2, 'the end of the reload');
  if (underTest !== 'deno') assert.match(reloading, /^MONOTONIC_USEC=\d{6,}$/m);
  assert.equal(await spool.program.stop(), 0);
  await told(/^STOPPING=1$/);
  const steps = socket.messages.flatMap(
    (message) => /^(?:READY|RELOADING|STOPPING)/.exec(message) ?? [],
  );
  assert.deepEqual(steps, ['READY', 'RELOADING', 'READY', 'STOPPING']);
  assert.equal(spool.program.logged(/systemd is not told/).length, 0);
});

test('the watchdog hears of us while we turn, and not while we are stopped', async (t) => {
  await using spool = new Configured();
  const address = `@conductor-loop-test/${randomUUID()}`;
  using socket = manager(t, address);
  if (!socket) return;
  const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '200000' };
  const program = spool.startWith({}, [], { env });
  const signs = () => socket.having(/^WATCHDOG=1$/).length;
  await spool.said(/^watching /);
  await spool.until(() => signs() >= 5, 'signs of life');
  spool.drop('intent-a.json', intentFor('sleep=0.5'));
  await spool.filed('intent-a.json');
  const before = signs();
  await spool.until(() => signs() > before, 'signs of life after a run');
  program.signal('SIGSTOP');
  const stopped = () => readFileSync(`/proc/${program.pid}/stat`, 'utf8').includes(') T ');
  await spool.until(stopped, 'the stop');
  const still = signs();
  const begun = performance.now();
  await spool.until(() => performance.now() - begun > 500, 'half a second');
  // One that was under way, carried by another process, may still come in.
  assert.ok(signs() - still <= 1);
  program.signal('SIGCONT');
  await spool.until(() => signs() > still + 1, 'signs of life again');
  assert.equal(await program.stop(), 0, program.stderr);
});

/** The program with its standard error in a file that JOURNAL_STREAM names, or nearly. */
async function loggedInto(
  spool: Configured,
  inode: (ino: bigint) => bigint,
  flags: string[] = [],
  exitCode = 8,
) {
  const file = spool.path(`stderr-${randomUUID()}`);
  writeFileSync(file, '');
  const { dev, ino } = statSync(file, { bigint: true });
  const options: Omit<StartOptions, 'cwd'> = {
    env: { JOURNAL_STREAM: `${dev}:${inode(ino)}` },
    under: ['sh', '-c', `exec "$@" 2>'${file}'`, 'sh'],
  };
  spool.drop(`intent-${randomUUID()}.json`, intentFor('exit=1'));
  spool.put({ debounce: '20ms' });
  const program = spool.startWith({}, ['-once', ...flags], options);
  assert.equal(await program.exitCode(), exitCode);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

test('the journal gets the priority of each line, and nobody else', async () => {
  await using spool = new Configured();
  const inJournal = await loggedInto(spool, (ino) => ino);
  const numbers = { debug: '<7>', info: '<6>', warn: '<4>', error: '<3>' };
  for (const line of inJournal) {
    const { level } = JSON.parse(line.slice(3));
    assert.equal(line.slice(0, 3), Object.entries(numbers).find(([name]) => name === level)?.[1]);
  }
  assert.ok(inJournal.some((line) => line.startsWith('<4>')));
  const pretty = await loggedInto(spool, (ino) => ino, ['-log-format', 'pretty']);
  for (const line of pretty) assert.match(line, /^<[64]>\[\d\d:\d\d:\d\d\] (?:INFO|WARN): /);
  const refused = await loggedInto(spool, (ino) => ino, ['-mode', 'odd'], 1);
  assert.match(refused.join(), /^<3>conductor-loop: flag --mode: "odd"/);
  const elsewhere = await loggedInto(spool, (ino) => ino + 1n);
  for (const line of elsewhere) assert.match(line, /^\{"level":/);
});
