import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { underTest } from './harness.ts';
import { Spool } from './spool.ts';

/** All ways share the code, and what is large here is the backlog: one of them tries it. */
const BACKLOG = underTest === 'bundle' || underTest === 'binary' ? 10_000 : 1000;
/** A loaded machine with a slow disk gets there too. */
const PATIENT_MS = 150_000;

test(`a kill in the middle of ${BACKLOG} intents: each is filed once after the next start`, async () => {
  await using spool = new Spool();
  for (let n = 0; n < BACKLOG; n++) {
    spool.drop(`intent-${n}.json`, intentFor('', { target: `target-${n % 2000}` }));
  }
  const flags = ['-porch', 'builtin', '-log-level', 'warn'];
  const program = spool.start([...flags, '--once']);
  await spool.until(() => spool.list('processed').length > BACKLOG / 5, 'a part', PATIENT_MS);
  assert.equal(await program.stop('SIGKILL'), 137);
  const before = spool.list('processed').length;
  assert.ok(before < BACKLOG, 'it was too quick to be killed');
  const second = spool.start([...flags, '-log-level', 'info', '--once']);
  assert.equal(await second.exitCode(PATIENT_MS), 0, second.stderr.slice(-2000));
  const expected = Array.from({ length: BACKLOG }, (_, n) => `intent-${n}.json`).sort();
  assert.deepEqual(spool.list('processed'), expected);
  assert.equal(spool.list('status').length, BACKLOG);
  assert.deepEqual(spool.list('failed'), []);
  assert.deepEqual(
    spool.list().filter((name) => name.startsWith('intent-')),
    [],
  );
  assert.deepEqual(spool.claimed, []);
  // What had been filed before is not worked off a second time.
  const [summary] = second.logged(/ done in /);
  assert.ok(Number(summary?.done) <= BACKLOG - before);
  assert.equal(summary?.skipped, 0);
});
