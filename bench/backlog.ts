import { join } from 'node:path';
import { Conclusions } from './conclusions.ts';
import type { Porches } from './porches.ts';
import { runToEnd, timed, workers, workOff } from './program.ts';
import { dropBacklog, makeSpool, nameOf, type Spool } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

/** Works off a backlog with a porch that costs nothing, beside xargs with the same command. */
export function zeroCost(porches: Porches, quick: boolean): Measured[] {
  const count = quick ? 2000 : 10_000;
  return compare(`${whole(count)} intents, porch that does nothing`, porches.zero, count, 0.9);
}

/** The same with a porch that takes 10 ms. */
export function tenMilliseconds(porches: Porches, quick: boolean): Measured[] {
  const count = quick ? 500 : 2000;
  const what = `${whole(count)} intents, porch of 10 ms (${porches.kind})`;
  return compare(what, porches.tenMs, count, 0.97);
}

function compare(what: string, porch: string, count: number, share: number): Measured[] {
  const ours: number[] = [];
  /** Without start and end. */
  const under: number[] = [];
  const xargs: number[] = [];
  for (let round = 0; round < 3; round++) {
    const spool = makeSpool();
    ours.push(count / ourSeconds(spool, porch, count));
    under.push(rateUnderWay(spool));
    xargs.push(count / xargsSeconds(makeSpool(), porch, count));
  }
  const reference = { what: `xargs -P ${workers}`, value: median(xargs) };
  return [
    {
      what,
      unit: '/s',
      value: median(ours),
      reference,
      target: { share },
      numbers: { ours, xargs },
    },
    {
      what: `${what}, from the first to the last filed`,
      unit: '/s',
      value: median(under),
      reference,
      target: null,
      numbers: { under },
    },
  ];
}

function rateUnderWay(spool: Spool): number {
  const conclusions = new Conclusions(spool);
  conclusions.readOn();
  conclusions.close();
  return conclusions.rate(0, 1);
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
