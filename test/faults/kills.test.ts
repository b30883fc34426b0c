import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { Invariants } from './invariants.ts';
import { Ordeal, type OrdealOptions } from './ordeal.ts';
import { chosenSeed, Random } from './random.ts';
import { scaled } from './scale.ts';
import type { Made } from './traffic.ts';

const seed = chosenSeed();

const cache = mkdtempSync(join(tmpdir(), 'conductor-faults-'));
after(() => rmSync(cache, { recursive: true, force: true }));

const cases: Record<string, OrdealOptions> = {
  'short runs of porch': { porch: 'stand-in', slowest: 0.05, flags: [], cache },
  'long runs of porch': {
    porch: 'stand-in',
    slowest: 0.4,
    flags: ['-porch-spawner', 'node'],
    cache,
  },
  'the embedded porch': { porch: 'builtin', slowest: 0, flags: ['-porch', 'builtin'], cache },
};

const KILLS = scaled(69, 667);

/** After so many kills comes a clean stop, at a random moment too. */
const STOP_EVERY = 8;

test('kills at random moments lose nothing and repeat nothing on record', {
  concurrency: true,
}, async (t) => {
  t.diagnostic(`FAULTS_SEED=${seed} makes the same choices again`);
  const ordeals = Object.entries(cases).map(([name, options], number) => {
    return { name, options, ordeal: new Ordeal(options, new Random(seed).branch(number)) };
  });
  await Promise.all(
    ordeals.map(({ name, options, ordeal }) =>
      t.test(`${name}: ${KILLS} kills`, async (t) => {
        await using spool = ordeal.spool;
        await ordeal.warmUp();
        for (let kill = 1; kill <= KILLS; kill++) {
          await ordeal.live();
          if (kill % STOP_EVERY === 0) await ordeal.live('SIGTERM');
        }
        await ordeal.end();
        if (options.porch === 'builtin') assertPackages(spool, ordeal.lastByTarget);
        const phases = Map.groupBy(ordeal.phases, (phase) => phase);
        const counts = [...phases].map(([phase, { length }]) => `${length} ${phase}`);
        t.diagnostic(`${ordeal.drops} drops; killed while ${counts.join(', ')}`);
      }),
    ),
  );
  const met = ordeals.flatMap(({ ordeal }) => ordeal.phases);
  for (const phase of ['starting', 'recovering', 'working'] as const) {
    assert.ok(met.includes(phase), `no kill came while it was ${phase}`);
  }
});

/** The package of each target is that of the intent which was dropped last for it. */
function assertPackages(spool: Spool, last: ReadonlyMap<string, Made>): void {
  for (const [target, { replicas }] of last) {
    const patch = join(spool.out, 'default', target, 'scaling-patch.yaml');
    assert.match(readFileSync(patch, 'utf8'), new RegExp(`replicas: ${replicas}\n`), target);
  }
}

test('an intent during which the program dies five times is E012, and no other suffers', async () => {
  await using spool = new Spool();
  const invariants = new Invariants(spool);
  invariants.drop('intent-guilty.json', intentFor('wait-for=never'), { code: 'E012' });
  for (let life = 1; life <= 5; life++) {
    const program = await spool.watch();
    const other = `intent-${life}.json`;
    invariants.drop(other, intentFor('', { target: 'other' }));
    await spool.filed(other);
    await spool.begun('intent-guilty.json', life);
    await program.stop('SIGKILL');
    await invariants.collect();
  }
  const program = await spool.watch();
  await spool.filed('intent-guilty.json', 'failed');
  invariants.drop('intent-after.json', intentFor(''));
  await spool.filed('intent-after.json');
  assert.equal(spool.runs('intent-guilty.json'), 5);
  await invariants.collect();
  assert.equal(await program.stop(), 0);
  await invariants.check();
});
