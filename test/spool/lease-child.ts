/**
 * Takes a lease as a process of its own, says `held` or `refused` and keeps it until its standard
 * input ends: lease-child.ts HANDOFF INSTANCE START, where it begins once START exists.
 */
import { existsSync } from 'node:fs';
import { layoutOf } from '../../src/spool/layout.ts';
import { Lease, LeaseRefused } from '../../src/spool/lease.ts';

const [handoff = '', instance = '', start = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
while (!existsSync(start)) {
  // All begin in the same instant: whoever sleeps here comes late.
}
try {
  const life = `life${process.pid}`;
  const waiting = () => {};
  const lease = await Lease.acquire(layoutOf(handoff, instance), {
    instance,
    life,
    ttlMs: 5000,
    waiting,
  });
  process.stdout.write(`held ${life}\n`);
  lease.keep(60_000, () => process.stdout.write('lost\n'));
  process.stdin.on('end', () => {
    lease.release();
    process.exit(0);
  });
  process.stdin.resume();
} catch (error) {
  if (!(error instanceof LeaseRefused)) throw error;
  process.stdout.write('refused\n');
}
