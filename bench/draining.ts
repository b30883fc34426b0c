import type { Conclusions as Followed } from './conclusions.ts';
import { Conclusions } from './conclusions.ts';
import type { Porches } from './porches.ts';
import { peakMb } from './proc.ts';
import { assertRuns, startWatching, stop, until } from './program.ts';
import { dropBacklog, dropEvenly, makeSpool } from './spool.ts';
import { type Measured, whole } from './table.ts';

const PARTS = 10;

/** Whether a million are worked off at one rate from the first to the last, and in how much memory. */
export function drain(porches: Porches, quick: boolean): Promise<Measured[]> {
  return workOffWatching(porches, quick ? 10_000 : 1_000_000, 0);
}

/** The same while a tenth as many are dropped. */
export function drainWithDrops(porches: Porches, quick: boolean): Promise<Measured[]> {
  return workOffWatching(porches, quick ? 10_000 : 1_000_000, quick ? 1000 : 100_000);
}

async function workOffWatching(
  porches: Porches,
  waiting: number,
  dropped: number,
): Promise<Measured[]> {
  const spool = makeSpool();
  dropBacklog(spool, waiting);
  const program = await startWatching(spool, ['-porch', porches.zero]);
  const conclusions = new Conclusions(spool);
  let peak = 0;
  const reach = (count: number) => {
    const reached = () => {
      assertRuns(spool, program);
      peak = peakMb(program.pid ?? 0);
      return conclusions.readOn() >= count;
    };
    const options = { limitMs: Number.POSITIVE_INFINITY, everyMs: 250 };
    return until(`${count} are filed`, reached, options);
  };
  try {
    await reach(waiting / PARTS);
    if (dropped > 0) {
      const perSecond = 1000;
      await dropEvenly(spool, { first: waiting, count: dropped, perSecond });
    }
    await reach(waiting + dropped);
  } finally {
    conclusions.close();
    await stop(program);
  }
  const what =
    dropped > 0
      ? `${whole(waiting)} waiting and ${whole(dropped)} dropped meanwhile`
      : `${whole(waiting)} waiting`;
  return [rateRow(what, conclusions), memoryRow(what, peak)];
}

function rateRow(what: string, conclusions: Followed): Measured {
  const parts = Array.from({ length: PARTS }, (_, part) =>
    conclusions.rate(part / PARTS, (part + 1) / PARTS),
  );
  return {
    what: `rate of the last tenth, ${what}`,
    unit: '/s',
    value: parts.at(-1) ?? 0,
    reference: { what: 'of the first tenth', value: parts[0] ?? 0 },
    target: { share: 0.9 },
    numbers: { parts, whole: conclusions.rate(0, 1) },
  };
}

function memoryRow(what: string, peakMb: number): Measured {
  return {
    what: `peak memory to the end, ${what}`,
    unit: 'MB',
    value: peakMb,
    reference: null,
    target: { below: 200 },
    numbers: {},
  };
}
