/**
 * When things reach the disk, as strace sees it. A kill leaves everything that was written, synced or
 * not; only the order of the calls tells what a power loss would leave.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { Order } from './order.ts';
import { forbidden } from './skip.ts';
import { straceCommand, straceProblem } from './strace.ts';

const problem = straceProblem();
const killAt = fileURLToPath(new URL('../tools/kill-at.ts', import.meta.url));

const CALLS = [
  ...['openat', 'write', 'pwrite64', 'fsync', 'fdatasync', 'syncfs'],
  ...['rename', 'renameat2', 'unlink', 'unlinkat', 'mkdir'],
];
const JOURNAL = /\/\.conductor-state\.[^/]*\.journal$/;
const SNAPSHOT = /\/\.conductor-state\.json$/;

function ordered(name: string, run: () => Promise<void>): void {
  test(name, async () => (problem === null ? run() : forbidden(name, problem)));
}

/** Works off the backlog with everything logged that reaches for the disk. */
async function logged(spool: Spool, flags: readonly string[] = []): Promise<Order> {
  const log = spool.path('strace.log');
  const under = straceCommand({ log, calls: CALLS, data: 1_000_000 });
  const { program, exitCode } = await spool.once(flags, { under });
  assert.ok(exitCode === 0 || exitCode === 8, program.stderr);
  return new Order(log);
}

/** Journal synced, then status, then error log and move: for each intent of the log. */
function assertRecordedFirst(order: Order, names: readonly string[]): void {
  for (const name of names) {
    const synced = order.syncOf(order.outcomeOf(name));
    const status = order.renameTo(new RegExp(`/status/${name}\\.status$`));
    const move = order.renameOf(new RegExp(`/\\.inflight/[^/]+/${name}$`));
    order.assertBefore(synced, status);
    order.assertBefore(status, move);
    for (const log of order.renamesTo(new RegExp(`/failed/${name}\\.error\\.log$`))) {
      order.assertBefore(synced, log);
      order.assertBefore(log, move);
    }
  }
}

/** A segment is found again after a power loss: its name is on disk before an outcome in it counts. */
function assertJournalsNamed(order: Order, names: readonly string[]): void {
  const [first, ...others] = order.creationsOf(JOURNAL);
  assert.ok(first);
  for (const name of names) {
    const outcome = order.outcomeOf(name);
    order.assertSynced([dirname(outcome.watch)], first, order.syncOf(outcome));
    for (const other of others) order.assertBefore(outcome, other);
  }
}

/** A snapshot is whole and in its place on disk before what it covers is removed. */
function assertSnapshotFirst(order: Order, segment: RegExp): void {
  const publish = order.renameTo(SNAPSHOT);
  order.assertDataSynced(publish.paths[0] ?? '', publish);
  const removal = order.removalOf(segment);
  order.assertSynced([dirname(publish.watch)], publish, removal);
}

/** Status, error log and place are on disk before a snapshot forgets what would repeat them. */
function assertFiledDurably(order: Order, handoff: string, names: readonly string[]): void {
  const publish = order.renameTo(SNAPSHOT);
  for (const name of names) {
    const status = order.renameTo(new RegExp(`/status/${name}\\.status$`));
    const move = order.renameOf(new RegExp(`/\\.inflight/[^/]+/${name}$`));
    const logs = order.renamesTo(new RegExp(`/failed/${name}\\.error\\.log$`));
    for (const text of [status, ...logs]) order.assertSynced([text.paths[1] ?? ''], text, publish);
    order.assertSynced([join(handoff, 'status')], status, publish);
    order.assertSynced([dirname(move.paths[1] ?? '')], move, publish);
  }
}

/** A package is whole on disk, and found there, before its outcome is recorded. */
function assertPackaged(order: Order, dir: string, name: string): void {
  const publish = order.renameTo(new RegExp(`${dir}$`));
  const [fresh = ''] = publish.paths;
  for (const file of readdirSync(dir)) order.assertDataSynced(join(fresh, file), publish);
  const last = order.creationsOf(new RegExp(`^${fresh}/`)).at(-1);
  assert.ok(last);
  order.assertSynced([fresh], last, publish);
  const outcome = order.outcomeOf(name);
  order.assertSynced([dirname(dir)], publish, outcome);
  order.assertSynced([dirname(dirname(dir))], publish, outcome);
}

const dropped = { mtimeMs: Date.now() - 60_000 };

ordered('the outcome is on disk before anything shows it', async () => {
  await using spool = new Spool();
  spool.drop('intent-good.json', intentFor(''), dropped);
  spool.drop('intent-fails.json', intentFor('exit=9', { target: 'db' }), dropped);
  spool.drop('intent-bad.json', '{}', dropped);
  const order = await logged(spool);
  const names = ['intent-good.json', 'intent-fails.json', 'intent-bad.json'];
  assertRecordedFirst(order, names);
  assertJournalsNamed(order, names);
  assertSnapshotFirst(order, /\.journal\.\d+$/);
  assertFiledDurably(order, spool.handoff, names);
});

ordered('a hundred that were filed are on disk before a snapshot forgets them', async () => {
  await using spool = new Spool();
  const names = Array.from({ length: 100 }, (_, n) => `intent-${n}.json`);
  for (const name of names) spool.drop(name, '{}', dropped);
  assertFiledDurably(await logged(spool), spool.handoff, names);
});

for (const [count, how] of [
  [1, 'by itself'],
  [8, 'with others'],
] as const) {
  ordered(
    `the embedded porch's package, written ${how}, is on disk before its outcome`,
    async () => {
      await using spool = new Spool();
      const targets = Array.from({ length: count }, (_, n) => `t${n}`);
      for (const target of targets) {
        spool.drop(`intent-${target}.json`, intentFor('', { target }), dropped);
      }
      const order = await logged(spool, ['-porch', 'builtin']);
      const names = targets.map((target) => `intent-${target}.json`);
      assertRecordedFirst(order, names);
      for (const target of targets) {
        assertPackaged(order, join(spool.out, 'default', target), `intent-${target}.json`);
      }
    },
  );
}

ordered('what a dead program wrote is on disk before the next start believes it', async () => {
  await using spool = new Spool();
  spool.drop('intent-good.json', intentFor(''), dropped);
  const program = spool.start(['--once'], { env: { KILL_AT: 'status:1' }, preload: killAt });
  assert.equal(await program.exitCode(), 137, program.stderr);
  const order = await logged(spool);
  const [seal] = order.renamesTo(/\.journal\.\d+(-\d+)?$/);
  assert.ok(seal);
  order.assertSyncedBefore(seal);
  order.assertBefore(seal, order.renameOf(/\/\.inflight\/[^/]+\/intent-good\.json$/));
});
