import { readFileSync } from 'node:fs';
import { Conclusions } from './conclusions.ts';
import { giveHistory, nameOfPast, stateBytes } from './past.ts';
import { workOff } from './program.ts';
import { dropBacklog, makeSpool, type Spool } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

type Run = { rate: number; bytes: number };

/** The rate with more and more history, beside the rate with none, and what an entry costs on disk. */
export async function withHistory(quick: boolean): Promise<Measured[]> {
  const count = quick ? 1000 : 5000;
  const sizes = quick ? [0, 5000, 20_000] : [0, 100_000, 1_000_000];
  const runs = new Map<number, Run[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < 3; round++) {
    for (const size of sizes) runs.get(size)?.push(await run(makeSpool(), size, count));
  }
  const ratesOf = (size: number) => (runs.get(size) ?? []).map(({ rate }) => rate);
  const rows = sizes.slice(1).map(
    (size): Measured => ({
      what: `rate with ${whole(size)} entries of history, embedded porch`,
      unit: '/s',
      value: median(ratesOf(size)),
      reference: { what: 'with none', value: median(ratesOf(0)) },
      target: { share: 0.9 },
      numbers: { rates: ratesOf(size), none: ratesOf(0) },
    }),
  );
  return [...rows, bytesRow(runs.get(sizes.at(-1) ?? 0) ?? [])];
}

function bytesRow(runs: readonly Run[]): Measured {
  const bytes = runs.map((one) => one.bytes);
  return {
    what: 'disk for an entry of history, at rest',
    unit: 'bytes',
    value: median(bytes),
    reference: { what: 'its name and SHA-256', value: nameOfPast(0).length + 64 },
    target: { below: 200 },
    numbers: { bytes },
  };
}

/** The rate is that from the first to the last one filed: neither start nor stop is in it. */
async function run(spool: Spool, size: number, count: number): Promise<Run> {
  await giveHistory(spool, size);
  dropBacklog(spool, count);
  workOff(spool, count, ['-porch', 'builtin']);
  if (!readFileSync(spool.log, 'utf8').includes(`"history":${size},`)) {
    throw new Error(`the history of ${size} was not read`);
  }
  const conclusions = new Conclusions(spool);
  conclusions.readOn();
  conclusions.close();
  return { rate: conclusions.rate(0, 1), bytes: stateBytes(spool) / (size + count) };
}
