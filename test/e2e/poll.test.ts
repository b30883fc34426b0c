import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { underTest } from './harness.ts';
import { Spool } from './spool.ts';

const queueLimit = '/proc/sys/fs/inotify/max_queued_events';

test('with -poll everything is found without the kernel', async () => {
  await using spool = new Spool();
  spool.drop('intent-1.json', intentFor(''));
  const program = await spool.watch(['-poll', '-period', '100ms', '-settle-timeout', '300ms']);
  assert.equal(program.logged(/^reading .* every 100ms: as configured/).length, 1);
  await spool.filed('intent-1.json');
  for (const n of [2, 3]) {
    spool.drop(`intent-${n}.json`, intentFor(''));
    await spool.filed(`intent-${n}.json`);
  }
  spool.drop('intent-1.json', intentFor('', { replicas: 1 }));
  await spool.until(() => spool.runs('intent-1.json') === 2, 'its second content');
  spool.drop('intent-bad.json', '{');
  await spool.filed('intent-bad.json', 'failed');
  assert.equal(await program.stop(), 0);
  for (const n of [2, 3]) assert.equal(spool.runs(`intent-${n}.json`), 1);
});

/** The kernel is the same for each runtime: tried on the source only. */
if (underTest === 'source') {
  test('files whose notifications the kernel dropped are found all the same', async (context) => {
    if (!existsSync(queueLimit)) {
      context.skip(`there is no ${queueLimit}`);
      return;
    }
    await using spool = new Spool();
    const flags = ['-porch', 'builtin', '-debounce', '0s', '-log-level', 'warn'];
    const program = spool.start([...flags, '-period', '1s']);
    spool.drop('intent-first.json', intentFor(''));
    await spool.filed('intent-first.json');
    program.signal('SIGSTOP');
    // Making a file, writing to it and removing it are three events; equal ones in a row would be one.
    const events = Number(readFileSync(queueLimit, 'utf8'));
    const junk = join(spool.handoff, 'junk');
    for (let count = 0; count <= events; count += 3) {
      writeFileSync(junk, 'x');
      rmSync(junk);
    }
    const names = Array.from({ length: 50 }, (_, n) => `intent-${n}.json`);
    for (const name of names) spool.drop(name, intentFor('', { target: name.slice(0, -5) }));
    program.signal('SIGCONT');
    for (const name of names) await spool.filed(name);
    assert.equal(await program.stop(), 0);
    assert.equal(spool.list('processed').length, names.length + 1);
  });
}
