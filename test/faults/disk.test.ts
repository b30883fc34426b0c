import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { Ballast } from './ballast.ts';
import { Invariants } from './invariants.ts';
import { enterOwnMounts, Mount } from './mounts.ts';
import { scaled } from './scale.ts';
import { forbidden } from './skip.ts';

const refusal = enterOwnMounts();
const refuser = fileURLToPath(new URL('refuse.ts', import.meta.url));

/** A test that needs mounts. */
function mountTest(name: string, body: () => Promise<void>): void {
  test(name, () => (refusal === null ? body() : forbidden(name, refusal)));
}

const held = (program: Program) => program.logged(/^the queue is held/);
const released = (program: Program) => program.logged(/^the queue goes on/);

/** The lease is not renewed meanwhile: that it cannot be is nothing that anybody waits for. */
const patient = ['-lease-ttl', '10m'];

/** What uses up a small file system, and how small that is. */
const shortages = { blocks: 'size=1m', inodes: 'size=16m,nr_inodes=400' } as const;
const kinds = ['blocks', 'inodes'] as const;

/** Rounds of intents for targets of their own; the last of each waits in porch for `go-ROUND`. */
function makeRounds(rounds: number, count: number): [name: string, text: string][][] {
  return Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: count }, (_, index) => {
      const target = `r${round}-${index}`;
      const reason = index === count - 1 ? `wait-for=go-${round}` : '';
      return [`intent-${target}.json`, intentFor(reason, { target })];
    }),
  );
}

/**
 * Puts intents on the handoff's own file system; what it gives drops some of them by a rename, which
 * needs neither blocks nor inodes.
 */
function stage({ handoff }: Spool, intents: readonly (readonly [string, string])[]) {
  const staged = join(handoff, 'staged');
  mkdirSync(staged);
  for (const [name, text] of intents) writeFileSync(join(staged, name), text);
  return (dropped: readonly (readonly [string, string])[]) => {
    for (const [name] of dropped) renameSync(join(staged, name), join(handoff, name));
  };
}

function expecting(spool: Spool, intents: readonly (readonly [string, string])[]): Invariants {
  const invariants = new Invariants(spool);
  for (const [name, text] of intents) invariants.expect(name, text);
  return invariants;
}

/** Each time it was said once when it began and once when it ended. */
function assertSaid(program: Program, times: number, code: string, errno: string): void {
  assert.equal(held(program).length, times, program.stderr);
  assert.equal(released(program).length, times, program.stderr);
  for (const { error_code, message } of held(program)) {
    assert.equal(error_code, code);
    assert.match(message, new RegExp(errno));
  }
}

const ROUNDS = scaled(3, 60);

for (const kind of kinds) {
  mountTest(`a handoff that runs out of ${kind} while intents flow goes on by itself`, async () => {
    await using spool = new Spool();
    using _disk = Mount.tmpfs(spool.handoff, shortages[kind]);
    const rounds = makeRounds(ROUNDS, 10);
    const drop = stage(spool, rounds.flat());
    const invariants = expecting(spool, rounds.flat());
    const program = await spool.watch(['-period', '200ms', '-max-workers', '2']);
    for (const [round, intents] of rounds.entries()) {
      const ballast = new Ballast(spool.handoff, kind);
      // Each round gets a little further before the disk is full.
      drop(intents);
      const before = spool.list('processed').length;
      const filed = () => spool.list('processed').length - before >= (round * 3) % 10;
      await spool.until(filed, 'some being filed');
      ballast.load();
      spool.release(`go-${round}`);
      await spool.until(() => held(program).length > round, 'the queue being held');
      await invariants.collect();
      assert.ok(program.alive);
      ballast.free();
      await spool.until(() => released(program).length > round, 'the queue going on');
      for (const [name] of intents) await spool.filed(name);
    }
    assertSaid(program, ROUNDS, 'E011', 'ENOSPC');
    for (const [name] of rounds.flat()) assert.equal(spool.runs(name), 1);
    await invariants.collect();
    assert.equal(await program.stop(), 0);
    await invariants.check();
  });

  mountTest(`an out that runs out of ${kind} while packages are written fails none`, async () => {
    await using spool = new Spool();
    using _disk = Mount.tmpfs(spool.out, shortages[kind]);
    const rounds = makeRounds(ROUNDS, 8);
    const invariants = expecting(spool, rounds.flat());
    const program = await spool.watch(['-porch', 'builtin', '-period', '200ms']);
    for (const [round, intents] of rounds.entries()) {
      const ballast = new Ballast(spool.out, kind);
      ballast.load();
      for (const [name, text] of intents) spool.drop(name, text);
      await spool.until(() => held(program).length > round, 'the queue being held');
      assert.ok(program.alive);
      ballast.free();
      for (const [name] of intents) await spool.filed(name);
      await spool.until(() => released(program).length > round, 'the queue going on');
    }
    assertSaid(program, ROUNDS, 'E011', 'ENOSPC');
    for (const [name] of rounds.flat()) {
      const target = name.slice('intent-'.length, -'.json'.length);
      assert.ok(existsSync(join(spool.out, 'default', target, 'Kptfile')), target);
    }
    await invariants.collect();
    assert.equal(await program.stop(), 0);
    await invariants.check();
  });
}

mountTest('a full disk at the stop and at the start loses nothing', async () => {
  await using spool = new Spool();
  using _disk = Mount.tmpfs(spool.handoff, shortages.blocks);
  const [intents = []] = makeRounds(1, 8);
  const drop = stage(spool, intents);
  const invariants = expecting(spool, intents);
  const program = await spool.watch(['-shutdown-grace', '1s', ...patient]);
  drop(intents);
  await spool.until(() => spool.list('processed').length === intents.length - 1, 'all but one');
  const ballast = new Ballast(spool.handoff, 'blocks');
  ballast.load();
  spool.release('go-0');
  await spool.until(() => held(program).length > 0, 'the queue being held');
  await invariants.collect();
  // There is no room for the snapshot: the journal stays, and says the same.
  assert.equal(await program.stop(), 2);
  // A start that has no room for its lease is refused; one that lacks only the journal is held.
  ballast.load();
  const second = await spool.once(['-hold-timeout', '500ms', ...patient]);
  assert.ok(second.exitCode === 1 || second.exitCode === 2, second.program.stderr);
  assert.match(second.program.stderr, /ENOSPC/);
  ballast.free();
  const third = await spool.once();
  assert.equal(third.exitCode, 0, third.program.stderr);
  for (const [name] of intents) assert.equal(spool.runs(name), 1);
  await invariants.check();
});

/** Three intents, staged; where the disk under -out is what fails, for the porch that writes there. */
function prepared(spool: Spool, where: 'handoff' | 'out') {
  const intents = makeRounds(1, 3).flat();
  const drop = stage(spool, intents);
  const invariants = expecting(spool, intents);
  return { porch: where === 'out' ? ['-porch', 'builtin'] : [], intents, drop, invariants };
}

mountTest('--once gives up on a full disk with 2, and the next start ends it', async () => {
  for (const where of ['handoff', 'out'] as const) {
    await using spool = new Spool();
    using _disk = Mount.tmpfs(spool[where], shortages.blocks);
    const { porch, intents, drop, invariants } = prepared(spool, where);
    drop(intents);
    rmSync(join(spool.handoff, 'staged'), { recursive: true });
    const program = spool.start(['--once', '-hold-timeout', '1s', ...patient, ...porch]);
    const ballast = new Ballast(spool[where], 'blocks');
    if (where === 'handoff') await spool.begun('intent-r0-2.json');
    ballast.load();
    spool.release('go-0');
    assert.equal(await program.exitCode(), 2, program.stderr);
    assert.equal(held(program).length, 1, program.stderr);
    assert.equal(held(program)[0]?.error_code, 'E011');
    assert.deepEqual(spool.list('failed'), []);
    await invariants.collect();
    ballast.free();
    const next = await spool.once(porch);
    assert.equal(next.exitCode, 0, next.program.stderr);
    await invariants.check();
  }
});

mountTest('a file system that turns read-only holds the queue until it is writable', async () => {
  for (const where of ['handoff', 'out'] as const) {
    await using spool = new Spool();
    using disk = Mount.tmpfs(spool[where], shortages.blocks);
    const { porch, intents, drop, invariants } = prepared(spool, where);
    const program = await spool.watch(['-period', '200ms', ...porch]);
    // The open journal forbids to remount handoff; what is laid over it is read-only all the same.
    using over = where === 'handoff' ? Mount.bind(spool.handoff, spool.handoff) : disk;
    if (where === 'handoff') drop(intents);
    over.remount(where === 'handoff' ? 'ro,bind' : 'ro');
    if (where === 'out') drop(intents);
    else spool.release('go-0');
    await spool.until(() => held(program).length > 0, 'the queue being held');
    assert.ok(program.alive);
    if (where === 'handoff') over.unmount();
    else disk.remount('rw');
    for (const [name] of intents) await spool.filed(name);
    await spool.until(() => released(program).length > 0, 'the queue going on');
    assertSaid(program, 1, 'E005', 'EROFS');
    await invariants.collect();
    assert.equal(await program.stop(), 0);
    await invariants.check();
  }
});

test('a quota that is used up is a full disk, and another error is not', async () => {
  for (const [errno, code] of [
    ['EDQUOT', 'E011'],
    ['EIO', 'E005'],
  ] as const) {
    await using spool = new Spool();
    const file = spool.path('refusing');
    writeFileSync(file, '');
    const env = { REFUSE_WITH: errno, REFUSE_WHILE: file };
    const program = await spool.watch([], { preload: refuser, env });
    spool.drop('intent-a.json', intentFor(''));
    await spool.until(() => held(program).length > 0, 'the queue being held');
    rmSync(file);
    await spool.filed('intent-a.json');
    await spool.until(() => released(program).length > 0, 'the queue going on');
    assertSaid(program, 1, code, errno);
    assert.equal(spool.runs('intent-a.json'), 1);
    assert.equal(await program.stop(), 0);
  }
});
