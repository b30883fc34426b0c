import process from 'node:process';
import { bundle, runToEnd, timed, workOff } from './program.ts';
import { makeSpool } from './spool.ts';
import { type Measured, median } from './table.ts';

const TARGET_MS = 250;

/** How long the program takes to say its version and to find that there is nothing to do. */
export function startUp(quick: boolean): Measured[] {
  const spool = makeSpool();
  const rounds = quick ? 5 : 15;
  const node = (...args: string[]) => timed(() => runToEnd(spool, process.execPath, args));
  const times = { once: [] as number[], version: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.once.push(workOff(spool, 0, ['-porch', 'builtin']));
    times.version.push(node(bundle, '-version'));
    times.bare.push(node('-e', '0'));
  }
  const row = (what: string, ours: readonly number[]): Measured => ({
    what,
    unit: 'ms',
    value: median(ours),
    reference: { what: 'node -e 0', value: median(times.bare) },
    target: { below: TARGET_MS },
    numbers: { ours, bare: times.bare },
  });
  return [
    row('start to end of --once with nothing to do', times.once),
    row('-version', times.version),
  ];
}
