/**
 * What is sound but not as it was left: state files that are missing, doubled or of a later version,
 * and what stands in the way of claims. Seen from outside, on a spool whose program was killed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import {
  assertSurvives,
  copyOf,
  damageOf,
  type Expected,
  intentsIn,
  JOURNAL,
  journalLines,
  laterHead,
  makeCrashedSpool,
  SNAPSHOT,
  start,
} from './crashed-spool.ts';

const crashed = makeCrashedSpool();
after(async () => (await crashed)[Symbol.asyncDispose]());

/** Changes to the state that leave each file sound. */
const rearrangements: Record<string, [(spool: Spool) => void, Expected]> = {
  'a journal without a snapshot': [
    (spool) => rmSync(join(spool.handoff, SNAPSHOT)),
    { damage: null, unknown: new Set(['intent-old.json']) },
  ],
  'a sealed segment that is missing': [
    (spool) => {
      const lines = journalLines(spool, { segment: 3 });
      const half = lines.findIndex((line) => line.includes('"t":"filed"')) + 1;
      assert.ok(half > 0);
      const [head = ''] = lines;
      writeFileSync(join(spool.handoff, JOURNAL), head + lines.slice(half).join(''));
    },
    { damage: null, unknown: new Set(['intent-new.json']) },
  ],
  'the journal twice': [
    (spool) => copyFileSync(join(spool.handoff, JOURNAL), join(spool.handoff, `${JOURNAL}.2`)),
    { damage: null },
  ],
  "a part of the Go program's file": [
    (spool) => {
      const text = '{\n  "version": "1.0",\n  "saved_at": "2025-08-16T12:00:01Z",\n  "states": {\n';
      writeFileSync(join(spool.handoff, SNAPSHOT), text);
    },
    { damage: damageOf(SNAPSHOT) },
  ],
  'a FIFO where the next snapshot is written': [
    (spool) => {
      const path = join(spool.handoff, `${SNAPSHOT}.tmp`);
      assert.equal(spawnSync('mkfifo', [path]).status, 0);
    },
    { damage: null },
  ],
  'a claim directory of somebody else that is a file': [
    (spool) => writeFileSync(join(spool.handoff, '.inflight', 'other'), 'not ours'),
    { damage: null },
  ],
  'a claim directory of somebody else that is a link': [
    (spool) => {
      mkdirSync(spool.path('elsewhere'));
      writeFileSync(spool.path('elsewhere', 'intent-theirs.json'), '{}');
      symlinkSync(spool.path('elsewhere'), join(spool.handoff, '.inflight', 'other'));
    },
    { damage: null },
  ],
};

for (const [what, [rearrange, expected]] of Object.entries(rearrangements)) {
  test(`${what}: nothing is lost, and nothing that is on record runs again`, async () => {
    await using spool = copyOf(await crashed);
    rearrange(spool);
    await assertSurvives(spool, expected);
  });
}

/** What keeps the program from starting, and how it is mended by hand. */
type Obstacle = { place(spool: Spool): void; says: RegExp; mend(spool: Spool): void };

const obstacles: Record<string, Obstacle> = {
  'a snapshot of a later version': {
    place: (spool) => {
      const [first = '', ...rest] = spool.read(SNAPSHOT).split('\n');
      writeFileSync(join(spool.handoff, SNAPSHOT), [laterHead(first), ...rest].join('\n'));
    },
    says: /\.conductor-state\.json was written by a later version of conductor-loop \(format 2\)/,
    mend: (spool) => rmSync(join(spool.handoff, SNAPSHOT)),
  },
  'a journal of a later version': {
    place: (spool) => {
      const lines = journalLines(spool, { version: 2 });
      writeFileSync(join(spool.handoff, JOURNAL), lines.join(''));
    },
    says: /\.journal was written by a later version of conductor-loop \(format 2\)/,
    mend: (spool) => {
      const lines = journalLines(spool, { version: 1 });
      writeFileSync(join(spool.handoff, JOURNAL), lines.join(''));
    },
  },
  '.inflight that is a file': {
    place: (spool) => {
      renameSync(join(spool.handoff, '.inflight'), spool.path('away'));
      writeFileSync(join(spool.handoff, '.inflight'), '');
    },
    says: /\.inflight is not a directory: move it away/,
    mend: (spool) => {
      rmSync(join(spool.handoff, '.inflight'));
      renameSync(spool.path('away'), join(spool.handoff, '.inflight'));
    },
  },
  'our claim directory that is a link': {
    place: (spool) => {
      renameSync(join(spool.handoff, '.inflight', 'here'), spool.path('away'));
      symlinkSync(spool.path('away'), join(spool.handoff, '.inflight', 'here'));
    },
    says: /\.inflight\/here is a symbolic link: move it away/,
    mend: (spool) => {
      rmSync(join(spool.handoff, '.inflight', 'here'));
      renameSync(spool.path('away'), join(spool.handoff, '.inflight', 'here'));
    },
  },
};

for (const [what, { place, says, mend }] of Object.entries(obstacles)) {
  test(`${what}: the start is refused with the way to mend it, and nothing is touched`, async () => {
    await using spool = copyOf(await crashed);
    place(spool);
    // That a journal is sealed changes its name, and nothing that it says.
    const files = () => spool.list().map((name) => name.replace(/(\.journal)\.[\d-]+$/, '$1'));
    const before = [files(), intentsIn(spool), spool.porchLog];
    const program = start(spool);
    assert.equal(await program.exitCode(), 1, program.stderr);
    assert.match(program.stderr, says);
    assert.deepEqual([files(), intentsIn(spool), spool.porchLog], before);
    mend(spool);
    const lost = what.startsWith('a snapshot') ? ['intent-old.json'] : [];
    await assertSurvives(spool, { damage: null, unknown: new Set(lost) });
  });
}

test('what is no intent among the claimed files is never waited for, nor kept', async () => {
  await using spool = copyOf(await crashed);
  const claims = join(spool.handoff, '.inflight', 'here');
  mkdirSync(join(claims, 'intent-directory.json'));
  assert.equal(spawnSync('mkfifo', [join(claims, 'intent-fifo.json')]).status, 0);
  symlinkSync(spool.path('nowhere'), join(claims, 'intent-link.json'));
  const program = start(spool);
  assert.equal(await program.exitCode(), 8, program.stderr);
  assert.deepEqual(spool.list('.inflight/here'), []);
  // A directory may be given back, for in handoff it is left alone.
  const left = [...spool.list(), ...spool.list('failed')];
  assert.ok(left.includes('intent-directory.json'), program.stderr);
  for (const what of ['fifo', 'link']) {
    const status = spool.status(`intent-${what}.json`);
    assert.equal(status?.error_details?.error_code, 'E014', program.stderr);
    assert.equal(status?.moved_to, `failed/intent-${what}.json`);
  }
  assert.equal(spool.runs('intent-running.json'), 2);
  assert.equal(spool.runs('intent-recorded.json'), 1);
});

test('a newer file claimed under a name whose filing is forgotten is run, not filed for the old one', async () => {
  await using spool = copyOf(await crashed);
  const name = 'intent-new.json';
  const kept = journalLines(spool).filter((line) => !line.includes('"t":"filed"'));
  writeFileSync(join(spool.handoff, JOURNAL), kept.join(''));
  const content = intentFor('', { target: 'new', replicas: 7 });
  spool.drop(name, content);
  renameSync(join(spool.handoff, name), join(spool.handoff, '.inflight', 'here', name));
  const program = start(spool);
  assert.equal(await program.exitCode(), 0, program.stderr);
  assert.equal(spool.runs(name), 2);
  assert.equal(spool.read(spool.status(name)?.moved_to ?? ''), content);
  assert.equal(spool.runs('intent-recorded.json'), 1);
});
