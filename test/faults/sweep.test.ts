/**
 * Every call that changes the disk in one run of the program, found by strace: at each the program
 * is killed once, and each fails once with what a bad disk says. After that another start, without
 * the fault, must find and finish everything. The short form fails a part of the calls, another one
 * each day; FAULTS_SEED=N chooses it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { scaled } from './scale.ts';
import { forbidden } from './skip.ts';
import { readCalls, straceProblem } from './strace.ts';
import { type Point, type Porch, Sweep } from './sweep.ts';

const problem = straceProblem();
const cache = mkdtempSync(join(tmpdir(), 'conductor-cache-'));
after(() => rmSync(cache, { recursive: true, force: true }));

const AT_ONCE = 3;
const TRIES = 3;
/** How many writes these get depends on what happens at the same time, so not each run has as many. */
const TIMED = /\.(lease|journal)$/;
/** The short form fails one in so many of the calls, and no two neighbours alike. */
const EVERY = 23;
const ERRORS = ['ENOSPC', 'EIO', 'EACCES'] as const;
const porches = ['stand-in', 'builtin'] as const;

const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Date.now() / 86_400_000));

/** A run without a fault: its calls, and the packages that it leaves. */
type Whole = { points: Point[]; packages: Record<string, string> };

/** Of a run with the embedded porch only its own calls are taken: the others are the same. */
async function runWhole(porch: Porch): Promise<Whole> {
  await using sweep = await Sweep.of(porch, cache);
  const program = sweep.traced();
  assert.equal(await program.exitCode(), 8, program.stderr);
  const packages = sweep.packages();
  await check(sweep, packages);
  const all = sweep.points();
  const points = porch === 'builtin' ? all.filter(({ path }) => path.startsWith('out/')) : all;
  return { points, packages };
}

/** What holds always, and what is special about these intents. */
async function check(sweep: Sweep, packages: Whole['packages']): Promise<void> {
  await sweep.invariants.check();
  assert.equal(sweep.spool.runs('intent-again.json'), 0);
  assert.deepEqual(sweep.packages(), packages);
}

/** Runs one case after the other, a few side by side; throws all failures together. */
async function each<T>(cases: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const left = [...cases];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      await run(one).catch((error: unknown) => {
        failures.push(new Error(`at ${JSON.stringify(one)}: ${error}`, { cause: error }));
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n\n'));
}

/** Every k-th case, from another one on each day; all of them in the long form. */
function sample<T>(cases: readonly T[], k: number): T[] {
  return cases.filter((_, index) => (index + seed) % scaled(k, 1) === 0);
}

async function killAt(porch: Porch, point: Point, { packages }: Whole): Promise<void> {
  for (let tried = 1; ; tried++) {
    await using sweep = await Sweep.of(porch, cache);
    const reached = await sweep.killedAt(point);
    await sweep.restart();
    await check(sweep, packages);
    if (reached || (tried === TRIES && TIMED.test(point.path))) return;
    assert.ok(tried < TRIES, 'the program never came there');
  }
}

/** What a call that fails costs: it is held for, or the program does without it, or cannot start. */
async function failAt(porch: Porch, failing: Failing, { packages }: Whole): Promise<void> {
  const { point, errno, stays } = failing;
  for (let tried = 1; ; tried++) {
    await using sweep = await Sweep.of(porch, cache);
    const until = stays ? '+' : `..${point.nth + 2}`;
    const inject = `error=${errno}:when=${point.nth}${until}`;
    const flags = ['-hold-timeout', stays ? '300ms' : '60s'];
    const program = sweep.traced({ point, inject, flags });
    const exitCode = await program.exitCode();
    const reached = readCalls(sweep.log).some(({ result }) => result?.includes('(INJECTED)'));
    assert.doesNotMatch(program.stderr, /conductor-loop itself is at fault/);
    const begun = /"message":"working off/.test(program.stderr);
    const held = program.stderr.match(/the queue is held/g)?.length ?? 0;
    // A file that nobody lets us move is no fault of the disk: it stays where it is.
    const isLeft = errno === 'EACCES' && /cannot be moved out of handoff/.test(program.stderr);
    const said = `exit code ${exitCode}, held ${held} times:\n${program.stderr}`;
    assert.ok(held <= 1, said);
    if (exitCode === 8) assert.ok(begun, said);
    else if (exitCode === 1)
      assert.ok(!begun && /cannot start on .*: E/.test(program.stderr), said);
    else assert.ok(exitCode === 2 && (isLeft || (stays && held === 1)), said);
    await sweep.restart();
    await check(sweep, packages);
    if (reached || (tried === TRIES && TIMED.test(point.path))) return;
    assert.ok(tried < TRIES, 'the program never came there');
  }
}

type Failing = { point: Point; errno: (typeof ERRORS)[number]; stays: boolean };

for (const porch of porches) {
  const name = `each change of the disk with the ${porch} porch`;
  if (problem !== null) {
    test(name, () => forbidden(name, problem));
    continue;
  }
  const running = runWhole(porch);
  test(`a kill at ${name} loses nothing and repeats nothing that is on record`, async () => {
    const whole = await running;
    await each(whole.points, (point) => killAt(porch, point, whole));
  });
  test(`an error at ${name} fails no intent`, async (context) => {
    const whole = await running;
    const all = whole.points.flatMap((point) =>
      ERRORS.flatMap((errno) => [false, true].map((stays) => ({ point, errno, stays }))),
    );
    const chosen = sample(all, EVERY);
    context.diagnostic(`FAULTS_SEED=${seed}: ${chosen.length} of ${all.length} failing calls`);
    await each(chosen, (failing) => failAt(porch, failing, whole));
  });
}
