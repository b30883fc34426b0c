import { join } from 'node:path';
import type { Porches } from './porches.ts';
import {
  dropBacklog,
  makeSpool,
  nameOf,
  runToEnd,
  type Spool,
  timed,
  workers,
  workOff,
} from './spool.ts';
import { type Measured, median, whole } from './table.ts';

/** Works off a backlog with a porch that costs nothing, beside xargs with the same command. */
export function zeroCost(porches: Porches, quick: boolean): Promise<Measured> {
  const count = quick ? 500 : 2000;
  return compare(`${whole(count)} intents, /bin/true`, porches.zero, count, 0.3);
}

/** The same with a porch that takes 10 ms. */
export function tenMilliseconds(porches: Porches, quick: boolean): Promise<Measured> {
  const count = quick ? 500 : 2000;
  const what = `${whole(count)} intents, 10 ms porch (${porches.kind})`;
  return compare(what, porches.tenMs, count, 0.9);
}

async function compare(
  what: string,
  porch: string,
  count: number,
  target: number,
): Promise<Measured> {
  const ours: number[] = [];
  const xargs: number[] = [];
  for (let round = 0; round < 3; round++) {
    ours.push(count / ourSeconds(makeSpool(), porch, count));
    xargs.push(count / xargsSeconds(makeSpool(), porch, count));
  }
  const share = median(ours) / median(xargs);
  return {
    what,
    ours: `${whole(median(ours))}/s, ${share.toFixed(2)} of it`,
    reference: `xargs -P ${workers}: ${whole(median(xargs))}/s`,
    target: `>= ${target}`,
    met: share >= target,
    numbers: { ours, xargs, share },
  };
}

function ourSeconds(spool: Spool, porch: string, count: number): number {
  dropBacklog(spool, count);
  return workOff(spool, count, ['-porch', porch, '-max-workers', `${workers}`]) / 1000;
}

function xargsSeconds(spool: Spool, porch: string, count: number): number {
  dropBacklog(spool, count);
  const paths = Array.from({ length: count }, (_, index) => join(spool.handoff, nameOf(index)));
  const command = ['-P', `${workers}`, '-I{}', porch, '-intent', '{}', '-out', spool.out];
  return timed(() => runToEnd(spool, 'xargs', command, `${paths.join('\n')}\n`)) / 1000;
}
