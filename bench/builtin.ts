import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runToEnd, timed, workOff } from './program.ts';
import { dropBacklog, makeSpool, type Spool } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

const reference = fileURLToPath(new URL('reference.ts', import.meta.url));

/** The embedded porch, beside a plain loop of the same system calls. */
export function builtin(quick: boolean): Measured {
  const count = quick ? 4000 : 20_000;
  const ours: number[] = [];
  const loop: number[] = [];
  for (let round = 0; round < 3; round++) {
    ours.push(count / ourSeconds(makeSpool(), count));
    loop.push(count / loopSeconds(makeSpool(), count));
  }
  return {
    what: `${whole(count)} intents, embedded porch`,
    unit: '/s',
    value: median(ours),
    reference: { what: 'plain loop of the same calls', value: median(loop) },
    target: { share: 0.5 },
    numbers: { ours, loop },
  };
}

function ourSeconds(spool: Spool, count: number): number {
  dropBacklog(spool, count);
  return workOff(spool, count, ['-porch', 'builtin']) / 1000;
}

function loopSeconds(spool: Spool, count: number): number {
  dropBacklog(spool, count);
  return (
    timed(() => runToEnd(spool, process.execPath, [reference, spool.handoff, spool.out])) / 1000
  );
}
