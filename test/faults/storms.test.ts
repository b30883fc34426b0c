import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { openFiles, residentMegabytes } from './process-table.ts';
import { scaled } from './scale.ts';

/** Complete JSON that the schema refuses: it is filed at once, and porch has no work with it. */
const REFUSED = '{}';

test('drops that overflow the kernel’s queue of events are all found', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-period', '500ms']);
  const queue = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  const drops = Math.max(scaled(20_000, 50_000), Math.ceil(1.1 * queue));
  const good = Array.from({ length: 20 }, (_, index) => `intent-good-${index}.json`);
  program.signal('SIGSTOP');
  for (let index = 0; index < drops; index++) {
    // A file that is written in place is news more than once: these alone overflow the queue.
    writeFileSync(join(spool.handoff, `intent-${index}.json`), REFUSED);
    const name = good[Math.floor((index * good.length) / drops)];
    if (index % Math.ceil(drops / good.length) === 0 && name !== undefined) {
      spool.drop(name, intentFor('', { target: name.slice(7, -5) }));
    }
  }
  program.signal('SIGCONT');
  const failed = () => readdirSync(join(spool.handoff, 'failed')).length;
  const last = join(spool.handoff, 'status', `intent-${drops - 1}.json.status`);
  // Each has its error log beside it.
  const all = () => existsSync(last) && failed() === 2 * drops;
  await spool.until(all, 'all being refused', scaled(400_000, 1_800_000));
  for (const name of good) {
    await spool.filed(name);
    assert.equal(spool.runs(name), 1);
  }
  assert.equal(spool.list().filter((name) => name.startsWith('intent-')).length, 0);
  assert.equal(await program.stop(), 0);
});

test('a file that is rewritten ten thousand times runs with its last content, once', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-debounce', '300ms', '-period', '100ms']);
  const rewrites = scaled(10_000, 100_000);
  const name = 'intent-a.json';
  const contents = new Set<string>();
  let last = '';
  for (let count = 1; count <= rewrites; count++) {
    const text = intentFor(`number ${count}`);
    last = hash('sha256', text);
    contents.add(last);
    // A thousand in place, a thousand by rename, and so on.
    if (Math.floor(count / 1000) % 2 === 0) writeFileSync(join(spool.handoff, name), text);
    else spool.drop(name, text);
    if (count % 100 === 0) await turn();
  }
  await spool.until(() => spool.status(name)?.sha256 === last, 'the last content being filed');
  await spool.filed(name);
  const begun = spool.porchLog.filter(({ event }) => event === 'start');
  const runs = Map.groupBy(begun, ({ sha256 }) => sha256);
  assert.equal(runs.get(last)?.length, 1);
  for (const [sha, those] of runs) {
    assert.equal(those.length, 1, sha);
    assert.ok(contents.has(sha), 'half-written content was run');
  }
  assert.deepEqual(spool.list('failed'), []);
  assert.equal(await program.stop(), 0);
});

test('files that are gone again at once leave no trace', async () => {
  await using spool = new Spool();
  // Nothing settles before it is gone, however busy the machine is.
  const program = await spool.watch(['-period', '100ms', '-debounce', '2s']);
  const storm = async (round: number) => {
    for (let index = 0; index < scaled(4000, 40_000); index++) {
      const path = join(spool.handoff, `intent-${round}-${index}.json`);
      writeFileSync(path, intentFor(''));
      // Some are seen by a look before they go.
      if (index % 500 === 0) await turn();
      if (index % 2 === 0) renameSync(path, spool.path('elsewhere'));
      else rmSync(path);
    }
    const name = `intent-last-${round}.json`;
    spool.drop(name, intentFor('', { target: `last-${round}` }));
    await spool.filed(name);
  };
  await storm(0);
  const [files, megabytes] = [openFiles(program.pid), residentMegabytes(program.pid)];
  const rounds = scaled(4, 20);
  for (let round = 1; round <= rounds; round++) await storm(round);
  assert.ok(openFiles(program.pid) <= files + 2, `${openFiles(program.pid)} files, were ${files}`);
  const grown = residentMegabytes(program.pid) - megabytes;
  assert.ok(grown < 64, `grown by ${grown} MB`);
  assert.deepEqual(spool.list('failed'), []);
  assert.equal(spool.list('processed').length, rounds + 1);
  assert.deepEqual(
    program.log.filter(({ level }) => level !== 'info'),
    [],
  );
  assert.equal(await program.stop(), 0);
});
