import { tenMilliseconds, zeroCost } from './backlog.ts';
import { builtin } from './builtin.ts';
import { drain, drainWithDrops } from './draining.ts';
import { withHistory } from './history.ts';
import { historyStart } from './history-start.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import type { Porches } from './porches.ts';
import { scraped } from './scraped.ts';
import { startUp } from './start-up.ts';
import type { Measured } from './table.ts';
import { firstStart } from './waiting.ts';

export type Line = {
  what: string;
  /** About as long it takes on two cores, with small sizes (`--quick`) and in full: minutes. */
  minutes: { quick: number; full: number };
  measure(porches: Porches, quick: boolean): Promise<Measured | Measured[]> | Measured | Measured[];
};

/** What can be measured, by name. */
export const lines: Readonly<Record<string, Line>> = {
  a: {
    what: 'a backlog with a porch that does nothing',
    minutes: { quick: 0.2, full: 0.5 },
    measure: zeroCost,
  },
  b: {
    what: 'a backlog with a porch of 10 ms',
    minutes: { quick: 0.5, full: 1.5 },
    measure: tenMilliseconds,
  },
  c: {
    what: 'a backlog with the embedded porch',
    minutes: { quick: 0.5, full: 2 },
    measure: (_porches, quick) => builtin(quick),
  },
  d: {
    what: 'from drop to start of porch, idle and while a backlog drains',
    minutes: { quick: 1, full: 3 },
    measure: latency,
  },
  e: {
    what: 'the rate with a million entries of history, and their disk',
    minutes: { quick: 0.5, full: 3 },
    measure: (_porches, quick) => withHistory(quick),
  },
  f: {
    what: 'idle',
    minutes: { quick: 0.5, full: 4 },
    measure: (_porches, quick) => idle(quick),
  },
  g: {
    what: 'start and end with nothing to do',
    minutes: { quick: 0.1, full: 0.2 },
    measure: (_porches, quick) => startUp(quick),
  },
  h: {
    what: 'start, memory and compaction with a million entries of history',
    minutes: { quick: 0.5, full: 3 },
    measure: (_porches, quick) => historyStart(quick),
  },
  i: {
    what: 'the first start where a hundred thousand and a million wait',
    minutes: { quick: 0.5, full: 5 },
    measure: firstStart,
  },
  j: {
    what: 'a million worked off: rate and memory to the end',
    minutes: { quick: 0.5, full: 25 },
    measure: drain,
  },
  k: {
    what: 'the same while a hundred thousand are dropped',
    minutes: { quick: 0.5, full: 30 },
    measure: drainWithDrops,
  },
  l: {
    what: 'backlogs with the ports open and scraped each second',
    minutes: { quick: 2, full: 10 },
    measure: scraped,
  },
};
