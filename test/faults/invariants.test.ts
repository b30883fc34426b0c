import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { Invariants } from './invariants.ts';

const drops = [
  ['intent-good.json', intentFor(''), {}],
  ['intent-bad.json', '{"no": "intent"}', { code: 'E003' }],
  ['intent-fails.json', intentFor('exit=9', { target: 'db' }), { code: 'E013' }],
] as const;

/** A spool with everything filed by a program that was killed then, so that its journal is there. */
async function settledSpool(): Promise<Spool> {
  const spool = new Spool();
  const invariants = new Invariants(spool);
  for (const [name, content, ending] of drops) invariants.drop(name, content, ending);
  const program = await spool.watch();
  await spool.until(() => invariants.settled, 'everything being filed');
  const counted = () => [...journal(spool).matchAll(/"t":"filed","seqs":\[([^\]]*)\]/g)];
  const names = () => counted().flatMap(([, seqs = '']) => seqs.split(','));
  await spool.until(() => names().length === drops.length, 'the last record');
  await program.stop('SIGKILL');
  return spool;
}

/** Invariants that have not seen this spool before. */
function invariantsOf(spool: Spool): Invariants {
  const invariants = new Invariants(spool);
  for (const [name, content, ending] of drops) invariants.expect(name, content, ending);
  return invariants;
}

function journal(spool: Spool): string {
  return spool.read(journalName(spool));
}

function journalName(spool: Spool): string {
  return spool.list().find((name) => name.endsWith('.journal')) ?? 'no journal';
}

/** What an outcome record of another life would look like. */
function recordAgain(spool: Spool): void {
  const line = journal(spool)
    .split('\n')
    .find((text) => text.includes('"t":"outcome"'));
  assert.ok(line);
  const again = line.slice(9).replace(/"seq":"[^"]*"/, '"seq":"000000000000-1"');
  const text = `${crc32(again).toString(16).padStart(8, '0')} ${again}\n`;
  appendFileSync(join(spool.handoff, journalName(spool)), text);
}

const breaks: Record<string, [(spool: Spool) => void, RegExp]> = {
  'a file that is gone': [
    ({ handoff }) => rmSync(join(handoff, 'processed/intent-good.json')),
    /intent-good\.json is neither in processed\/ nor in failed\//,
  ],
  'a file that is there twice': [
    ({ handoff }) =>
      copyFileSync(
        join(handoff, 'processed/intent-good.json'),
        join(handoff, 'failed/intent-good.json'),
      ),
    /failed\/intent-good\.json was never dropped/,
  ],
  'a file under another content': [
    ({ handoff }) => writeFileSync(join(handoff, 'processed/intent-good.json'), ''),
    /intent-good\.json is neither/,
  ],
  'a file in the wrong place': [
    ({ handoff }) =>
      renameSync(
        join(handoff, 'processed/intent-good.json'),
        join(handoff, 'failed/intent-good.json'),
      ),
    /failed\/intent-good\.json ended with no error log/,
  ],
  'a file that still waits': [
    ({ handoff }) => writeFileSync(join(handoff, 'intent-new.json'), ''),
    /intent-new\.json is still in handoff/,
  ],
  'a status that is gone': [
    ({ handoff }) => rmSync(join(handoff, 'status/intent-good.json.status')),
    /intent-good\.json has no status/,
  ],
  'a status that is torn': [
    ({ handoff }) => writeFileSync(join(handoff, 'status/intent-good.json.status'), '{'),
    /the status of intent-good\.json cannot be read/,
  ],
  'an outcome recorded twice': [recordAgain, /1 drops and 2 outcomes/],
  'no record': [
    (spool) => writeFileSync(join(spool.handoff, journalName(spool)), ''),
    /1 drops and only 0 outcomes/,
  ],
  'a damaged line of the journal': [
    (spool) => appendFileSync(join(spool.handoff, journalName(spool)), '00000000 {}\n'),
    /has a damaged line: 00000000/,
  ],
  'a torn snapshot': [
    ({ handoff }) => writeFileSync(join(handoff, '.conductor-state.json'), '{"format":'),
    /the snapshot cannot be read/,
  ],
  'a temporary file': [
    ({ handoff }) => writeFileSync(join(handoff, 'status/.intent-good.json.status.tmp'), ''),
    /status\.tmp was left behind/,
  ],
  'a half-way lease': [
    ({ handoff }) => writeFileSync(join(handoff, '.inflight/host.lease.000000000000'), ''),
    /host\.lease\.000000000000 was left behind/,
  ],
};

test('what is right passes, and everything that is wrong is told', async () => {
  await using spool = await settledSpool();
  await invariantsOf(spool).check();
  const whole = spool.path('whole');
  cpSync(spool.handoff, whole, { recursive: true });
  for (const [what, [doBreak, told]] of Object.entries(breaks)) {
    doBreak(spool);
    await assert.rejects(invariantsOf(spool).check(), told, what);
    rmSync(spool.handoff, { recursive: true });
    cpSync(whole, spool.handoff, { recursive: true });
  }
  const invariants = invariantsOf(spool);
  await invariants.collect();
  const [first] = spool.porchLog;
  assert.ok(first);
  const again = `start ${first.name} ${first.sha256} 2 000000000000-1\n`;
  appendFileSync(join(spool.out, 'porch.log'), again);
  await assert.rejects(invariants.check(), /was run 1 times after it was recorded/);
});
