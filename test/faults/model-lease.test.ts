import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bury, estates } from '../../src/spool/estates.ts';
import { Lease } from '../../src/spool/lease.ts';
import { type FoundLease, readLease } from '../../src/spool/lease-content.ts';

type Bury = typeof bury;

let rounds = 0;

/** What came of one order of steps. */
type Came = { heirs: string[]; held: boolean; order: string };

/** All orders in which some may take their steps. */
function* orders(left: Readonly<Record<string, number>>, taken = ''): Generator<string> {
  const those = Object.entries(left).filter(([, count]) => count > 0);
  if (those.length === 0) yield taken;
  for (const [who, count] of those) yield* orders({ ...left, [who]: count - 1 }, taken + who);
}

/**
 * `a` has died. B and C look at its lease and then declare it dead, and between any two of these steps
 * the next start of `a` takes its name: all on a real directory, with the functions of the program.
 */
function live(order: string, declareDead: Bury): Came {
  // A life is led once: this very process knows which of its own are over.
  const round = ++rounds;
  const root = mkdtempSync(join(tmpdir(), 'conductor-model-'));
  const heirs: string[] = [];
  const found = new Map<string, FoundLease | null>();
  let next: Lease | null = null;
  const others = ['b', 'c'].map((name) => Lease.acquire(root, name, `${name}${round}`));
  Lease.acquire(root, 'a', 'first').abandon();
  for (const who of order) {
    const seen = found.get(who);
    if (who === 'A') {
      next = Lease.acquire(root, 'a', `second${round}`);
      heirs.push(
        ...estates(root)
          .filter((one) => one.heir === `second${round}`)
          .map(({ heir }) => heir),
      );
    } else if (seen === undefined) {
      const lease = readLease(root, 'a');
      found.set(who, lease?.content?.life === 'first' ? lease : null);
    } else if (seen !== null && declareDead(root, seen, `${who.toLowerCase()}${round}`)) {
      heirs.push(who);
    }
  }
  const held = next?.held === true;
  for (const lease of [...others, next]) lease?.release();
  rmSync(root, { recursive: true });
  return { heirs, held, order };
}

const all = (declareDead: Bury): Came[] => {
  return [...orders({ A: 1, B: 2, C: 2 })].map((order) => live(order, declareDead));
};

test('in whatever order, a dead instance has one heir, and the next of its name keeps its lease', () => {
  const came = all(bury);
  assert.equal(came.length, 30);
  assert.deepEqual(
    came.filter(({ heirs, held }) => heirs.length !== 1 || !held),
    [],
  );
});

test('… which the model finds broken where leases are removed by their path', () => {
  const came = all((root, lease) => {
    rmSync(join(root, `${lease.instance}.lease`), { force: true });
    return true;
  });
  assert.ok(
    came.some(({ heirs }) => heirs.length > 1),
    'two heirs',
  );
  assert.ok(
    came.some(({ held }) => !held),
    'a living one loses its lease',
  );
});
