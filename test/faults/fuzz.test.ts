/**
 * Good intents, changed at random, against an independent judgement. FUZZ_SEED repeats a run that
 * failed; the seed of each is printed.
 */
import assert from 'node:assert/strict';
import { env } from 'node:process';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkContent } from '../../src/intent/content.ts';
import type { Intent } from '../../src/intent/schema.ts';
import type { Refusal } from '../../src/intent/types.ts';
import { Spool } from '../e2e/spool.ts';
import { mutated } from './fuzz/mutations.ts';
import { verdictOn } from './fuzz/oracle.ts';
import { scaled } from './scale.ts';

/** Time enough for a porch that does nothing, on whatever machine. */
const LONG_MS = 10_000;

const limits = { maxFileSize: 10 * 1024 * 1024, maxReplicas: 100, systemNamespaces: [] };

const seed = Number(env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`FUZZ_SEED=${seed}`);

const priorities: Record<string, number> = { low: 2, normal: 5, high: 8, critical: 10 };

/** Without `__proto__`, which the program drops, and without -0, which JSON does not write. */
const plain = (value: unknown) => {
  return JSON.parse(JSON.stringify(value), (key, part) => (key === '__proto__' ? undefined : part));
};

/** What is accepted says what JSON.parse says, but for priorities and timeouts, which are numbers. */
function assertSameValue(found: Intent, value: unknown): void {
  const { timeout, priority = 5, ...others } = plain(value);
  const { timeout: timeoutMs, ...rest } = found;
  assert.deepEqual(plain(rest), { ...others, priority: priorities[priority] ?? priority });
  assert.equal(timeoutMs === undefined, timeout === undefined);
}

/** The place is one in the text: of the value or key that is meant, or where the text ends. */
function assertInside({ code, line, column, path }: Refusal, bytes: Buffer): void {
  if (line === undefined || column === undefined) return;
  assert.ok(line >= 1 && column >= 1);
  const lines = bytes.toString('latin1').split('\n');
  const there = Buffer.from(lines[line - 1] ?? '', 'latin1').toString();
  assert.ok(line <= lines.length && column <= there.length + 1, `${line}:${column}`);
  if (path === undefined) return;
  assert.match(path, /^\$/);
  // What is said of a value points to its first character.
  assert.match(there.charAt(column - 1), /^["{[\-\dtfn]$/, `${code} ${path} ${line}:${column}`);
}

test('each changed intent is judged as an independent check judges it, and twice the same', () => {
  const counts = new Map<string, number>();
  fc.assert(
    fc.property(mutated, (bytes) => {
      const { verdict, value } = verdictOn(bytes);
      const found = checkContent(bytes, limits);
      assert.deepEqual(checkContent(bytes, limits), found);
      const said = found.kind === 'accepted' ? 'accepted' : found.refusals[0].code;
      counts.set(said, (counts.get(said) ?? 0) + 1);
      assert.equal(said, verdict, JSON.stringify(found));
      if (found.kind === 'accepted') assertSameValue(found.value, value);
      else for (const refusal of found.refusals) assertInside(refusal, bytes);
    }),
    { seed, numRuns: scaled(20_000, 400_000) },
  );
  console.log(`judged: ${[...counts].map(([code, count]) => `${code} ${count}`).join(', ')}`);
  // Changes that leave nothing good, or break nothing, would prove little.
  for (const code of ['accepted', 'E001', 'E003', 'E004', 'E015']) {
    assert.ok((counts.get(code) ?? 0) > 15, `${code}: ${counts.get(code)}`);
  }
});

/** Porch fails where an intent gives it no time to begin: that says nothing about the judgement. */
function leavesTime(bytes: Buffer): boolean {
  const found = checkContent(bytes, limits);
  return found.kind !== 'accepted' || (found.value.timeout ?? LONG_MS) >= LONG_MS;
}

test('the running program judges changed intents in the same way', async () => {
  await using spool = new Spool();
  const program = await spool.watch(['-settle-timeout', '100ms', '-porch', 'true']);
  const all = fc.sample(mutated, { seed, numRuns: scaled(250, 5000) });
  const samples = all.filter(leavesTime);
  assert.ok(samples.length > 0.9 * all.length, `${samples.length} of ${all.length}`);
  for (const [index, bytes] of samples.entries()) spool.drop(`intent-${index}.json`, bytes);
  for (const [index, bytes] of samples.entries()) {
    const { verdict } = verdictOn(bytes);
    const name = `intent-${index}.json`;
    const { error_details } = await spool.filed(
      name,
      verdict === 'accepted' ? 'success' : 'failed',
    );
    assert.equal(error_details?.error_code ?? 'accepted', verdict, `${name}: ${bytes.toString()}`);
  }
  assert.equal(await program.stop(), 0);
  assert.deepEqual(spool.claimed, []);
});
