import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { enterOwnMounts, Mount } from './mounts.ts';
import { cpuSeconds, openFiles } from './process-table.ts';
import { scaled } from './scale.ts';
import { forbidden } from './skip.ts';

const refusal = enterOwnMounts();

const PERIOD = ['-period', '100ms'];

const held = (program: Program) => program.logged(/^the queue is held/);
const replaced = (program: Program) =>
  program.logged(/was replaced by another directory: going on/);
const watching = (program: Program) => program.logged(/^watching /);

/** Drops an intent and sees it filed in the directory that is there now. */
async function assertWorking(spool: Spool, target: string): Promise<void> {
  const name = `intent-${target}.json`;
  spool.drop(name, intentFor('', { target }));
  await spool.filed(name);
  assert.equal(spool.runs(name), 1);
}

/** What a program uses while nothing happens is little; one that spins uses all there is. */
async function assertQuiet({ pid }: Program): Promise<void> {
  const before = cpuSeconds(pid);
  const seconds = scaled(3, 30);
  await delay(1000 * seconds);
  const used = cpuSeconds(pid) - before;
  assert.ok(used < 0.2 * seconds, `${used} s of CPU in ${seconds} s of waiting`);
}

test('a handoff that is removed and made again is worked on again', async () => {
  await using spool = new Spool();
  const program = await spool.watch(PERIOD);
  await assertWorking(spool, 'first');
  rmSync(spool.handoff, { recursive: true });
  await spool.until(() => held(program).length > 0, 'the queue being held');
  await assertQuiet(program);
  assert.ok(!existsSync(spool.handoff), 'what somebody took away is not ours to make');
  assert.equal(held(program).length, 1, program.stderr);
  assert.equal(held(program)[0]?.error_code, 'E005');
  mkdirSync(spool.handoff);
  await assertWorking(spool, 'second');
  assert.equal(replaced(program).length, 1);
  assert.equal(held(program).length, 1);
  assert.deepEqual(spool.list('processed'), ['intent-second.json']);
  assert.equal(await program.stop(), 0);
});

test('what ran when handoff was replaced is on record in the old one, and nothing of it in the new', async () => {
  await using spool = new Spool();
  const program = await spool.watch([...PERIOD, '-max-workers', '3']);
  const old = spool.path('old');
  spool.drop('intent-good.json', intentFor('wait-for=go', { target: 'good' }));
  spool.drop('intent-bad.json', intentFor('wait-for=go exit=9', { target: 'bad' }));
  for (const name of ['intent-good.json', 'intent-bad.json']) await spool.begun(name);
  spool.drop('intent-waits.json', intentFor('', { target: 'good' }));
  renameSync(spool.handoff, old);
  mkdirSync(spool.handoff);
  spool.drop('intent-new.json', intentFor('', { target: 'new' }));
  await spool.until(() => replaced(program).length > 0, 'the new directory being seen');
  spool.release('go');
  await spool.filed('intent-new.json');
  assert.deepEqual(spool.list('processed'), ['intent-new.json']);
  assert.deepEqual(spool.list('status'), ['intent-new.json.status']);
  assert.deepEqual([...spool.list('failed'), ...spool.claimed], []);
  assert.deepEqual(readdirSync(join(old, 'processed')), []);

  renameSync(spool.handoff, spool.path('new'));
  renameSync(old, spool.handoff);
  await spool.filed('intent-good.json');
  await spool.filed('intent-bad.json', 'failed');
  await spool.filed('intent-waits.json');
  assert.equal(spool.runs('intent-good.json'), 1, 'its success was on record');
  assert.equal(
    spool.runs('intent-bad.json'),
    2,
    'a failure while its file was away does not count',
  );
  assert.equal(spool.runs('intent-waits.json'), 1);
  assert.equal(replaced(program).length, 2);
  assert.deepEqual(held(program), []);
  assert.equal(await program.stop(), 0);
});

test('a handoff that is replaced again and again costs no files and no rest', async () => {
  await using spool = new Spool();
  const program = await spool.watch(PERIOD);
  const exchange = async (round: number) => {
    renameSync(spool.handoff, spool.path(`old-${round}`));
    mkdirSync(spool.handoff);
    await assertWorking(spool, `round-${round}`);
  };
  await exchange(0);
  const files = openFiles(program.pid);
  const rounds = scaled(5, 100);
  for (let round = 1; round <= rounds; round++) await exchange(round);
  assert.equal(replaced(program).length, rounds + 1);
  assert.ok(openFiles(program.pid) <= files + 3, `${openFiles(program.pid)} files, were ${files}`);
  await assertQuiet(program);
  assert.equal(await program.stop(), 0);
});

test('a directory that cannot be worked on is said once, and taken when it can', async () => {
  await using spool = new Spool();
  const program = await spool.watch(PERIOD);
  renameSync(spool.handoff, spool.path('old'));
  mkdirSync(spool.path('next'));
  symlinkSync(spool.path('drops'), spool.path('next', 'processed'));
  renameSync(spool.path('next'), spool.handoff);
  // That for a moment there was no directory at all may have been noticed too.
  const heldForLink = () =>
    held(program).filter(({ message }) => /processed is a symbolic link/.test(message));
  await spool.until(() => heldForLink().length > 0, 'the queue being held');
  await assertQuiet(program);
  assert.equal(heldForLink().length, 1, program.stderr);
  rmSync(join(spool.handoff, 'processed'));
  await assertWorking(spool, 'after');
  assert.ok(lstatSync(join(spool.handoff, 'processed')).isDirectory());

  // A signal is heard while there is nothing to work on, too.
  const before = held(program).length;
  renameSync(spool.handoff, spool.path('older'));
  writeFileSync(spool.handoff, 'a file');
  await spool.until(() => held(program).length > before, 'the queue being held again');
  rmSync(spool.handoff);
  await delay(500);
  assert.ok(!existsSync(spool.handoff), 'what somebody took away is not ours to make');
  assert.equal(await program.stop(), 0);
});

test('--once ends with 2 when its directory is replaced', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor('wait-for=go'));
  const program = spool.start(['--once']);
  await spool.begun('intent-a.json');
  renameSync(spool.handoff, spool.path('old'));
  mkdirSync(spool.handoff);
  spool.release('go');
  assert.equal(await program.exitCode(), 2);
  assert.equal(program.logged(/was replaced by another directory: start again/).length, 1);
  assert.deepEqual(readdirSync(spool.handoff), []);
});

const mountName = 'a file system that is unmounted and mounted again is found again';
test(mountName, async () => {
  if (refusal !== null) return forbidden(mountName, refusal);
  await using spool = new Spool();
  const kept = spool.path('kept');
  mkdirSync(kept);
  using _disk = Mount.tmpfs(kept, 'size=4m');
  using disk = Mount.bind(kept, spool.handoff);
  const put = (directory: string, target: string, reason = '') => {
    writeFileSync(join(directory, 'new'), intentFor(reason, { target }));
    renameSync(join(directory, 'new'), join(directory, `intent-${target}.json`));
  };
  const program = await spool.watch(PERIOD);
  put(spool.handoff, 'running', 'wait-for=go');
  await spool.begun('intent-running.json');

  disk.unmount();
  put(spool.handoff, 'mountpoint');
  await spool.until(() => replaced(program).length > 0, 'the mountpoint being seen');
  spool.release('go');
  await spool.filed('intent-mountpoint.json');
  put(kept, 'meanwhile');
  await assertQuiet(program);
  assert.equal(watching(program).length, 2, program.stderr);

  using _again = Mount.bind(kept, spool.handoff);
  for (const name of ['intent-running.json', 'intent-meanwhile.json']) await spool.filed(name);
  put(spool.handoff, 'afterwards');
  await spool.filed('intent-afterwards.json');
  for (const target of ['running', 'mountpoint', 'meanwhile', 'afterwards']) {
    assert.equal(spool.runs(`intent-${target}.json`), 1, target);
  }
  // The roots of two file systems have the same inode number.
  using _other = Mount.tmpfs(spool.handoff, 'size=4m');
  put(spool.handoff, 'over');
  await spool.filed('intent-over.json');
  assert.equal(replaced(program).length, 3);
  assert.deepEqual(held(program), []);
  assert.deepEqual(spool.list('failed'), []);
  assert.equal(await program.stop(), 0);
});
