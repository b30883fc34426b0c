import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { dropBacklog, makeSpool, runToEnd, type Spool, timed, workOff } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

const reference = fileURLToPath(new URL('reference.ts', import.meta.url));

const PER_SECOND = 3000;
const SHARE = 0.5;

/** The embedded porch, beside a plain loop of the same system calls. */
export async function builtin(quick: boolean): Promise<Measured[]> {
  const count = quick ? 4000 : 20_000;
  const ours: number[] = [];
  const loop: number[] = [];
  for (let round = 0; round < 3; round++) {
    ours.push(count / ourSeconds(makeSpool(), count));
    loop.push(count / loopSeconds(makeSpool(), count));
  }
  const rate = median(ours);
  const share = rate / median(loop);
  const row = {
    what: `${whole(count)} intents, builtin porch`,
    reference: `plain loop: ${whole(median(loop))}/s`,
    numbers: { ours, loop, share },
  };
  return [
    { ...row, ours: `${whole(rate)}/s`, target: `>= ${PER_SECOND}/s`, met: rate >= PER_SECOND },
    { ...row, ours: `${share.toFixed(2)} of it`, target: `>= ${SHARE}`, met: share >= SHARE },
  ];
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
