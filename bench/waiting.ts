import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Porches } from './porches.ts';
import { peakMb } from './proc.ts';
import { assertRuns, runToEnd, start, stop, timed, until } from './program.ts';
import { anotherRun, dropBacklog, makeSpool, type Spool } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

const listing = fileURLToPath(new URL('listing.ts', import.meta.url));

const LIMIT_MS = 120_000;

/** How soon the first porch starts where many files wait, and the memory that they take by then. */
export async function firstStart(porches: Porches, quick: boolean): Promise<Measured[]> {
  const cases = quick
    ? [
        { size: 2000, seconds: 1 },
        { size: 20_000, seconds: 1 },
      ]
    : [
        { size: 100_000, seconds: 1 },
        { size: 1_000_000, seconds: 6 },
      ];
  const rows: Measured[] = [];
  for (const { size, seconds } of cases) rows.push(...(await startAmong(porches, size, seconds)));
  return rows;
}

async function startAmong(porches: Porches, size: number, below: number): Promise<Measured[]> {
  const spool = makeSpool();
  dropBacklog(spool, size);
  const plain: number[] = [];
  const ours: First[] = [];
  for (let round = 0; round < 3; round++) {
    plain.push(
      timed(() => runToEnd(anotherRun(spool), process.execPath, [listing, spool.handoff])) / 1000,
    );
    ours.push(await first(anotherRun(spool), porches.first));
  }
  const seconds = ours.map((one) => one.seconds);
  const peaks = ours.map((one) => one.peakMb);
  return [
    {
      what: `first porch where ${whole(size)} intents wait`,
      unit: 's',
      value: median(seconds),
      reference: { what: 'node that lists and stats them', value: median(plain) },
      target: { below },
      numbers: { seconds, plain },
    },
    {
      what: `peak memory until then, ${whole(size)} waiting`,
      unit: 'MB',
      value: median(peaks),
      reference: null,
      target: { below: 200 },
      numbers: { peaks },
    },
  ];
}

type First = { seconds: number; peakMb: number };

/** From the start of the program to that of its first porch. What it had begun goes back. */
async function first(spool: Spool, porch: string): Promise<First> {
  const begun = performance.timeOrigin + performance.now();
  const program = start(spool, ['-porch', porch]);
  const note = join(spool.out, 'first');
  try {
    const hasBegun = () => {
      assertRuns(spool, program);
      return existsSync(note);
    };
    await until('the first porch starts', hasBegun, { limitMs: LIMIT_MS });
    const peak = peakMb(program.pid ?? 0);
    await until('it has noted when', () => readFileSync(note, 'utf8').endsWith('\n'));
    const at = Number(readFileSync(note, 'utf8').trim().split(' ').at(-1)) / 1e6;
    return { seconds: (at - begun) / 1000, peakMb: peak };
  } finally {
    await stop(program);
  }
}
