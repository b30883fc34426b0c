/**
 * Takes a name in one directory after the other, each as soon as there is a file START in it, says
 * which, and whose heir it is, and keeps all of them until it is killed:
 * lease-child.ts INSTANCE LIFE INFLIGHT…
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { estates } from '../../src/spool/estates.ts';
import { Lease } from '../../src/spool/lease.ts';

const [instance = '', life = '', ...roots] = process.argv.slice(2);
process.stdout.write('ready\n');
for (const root of roots) {
  while (!existsSync(join(root, 'start'))) {
    // All begin in the same instant: whoever sleeps here comes late.
  }
  const lease = Lease.acquire(root, instance, life);
  const heirOf = estates(root).filter(({ heir }) => heir === life);
  const named = { life, instance: lease.instance, heirOf: heirOf.map((estate) => estate.life) };
  process.stdout.write(`${JSON.stringify(named)}\n`);
}
process.stdin.resume();
