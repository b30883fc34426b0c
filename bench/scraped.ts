import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Conclusions } from './conclusions.ts';
import { giveHistory } from './past.ts';
import type { Porches } from './porches.ts';
import { endedChildrenMs } from './proc.ts';
import { startWatching, stop, workers, workOff } from './program.ts';
import { dropBacklog, makeSpool } from './spool.ts';
import { type Measured, median, type Target, whole } from './table.ts';

const scraper = fileURLToPath(new URL('scraper.ts', import.meta.url));

/** More than elsewhere, for it is a small difference that is looked for. */
const ROUNDS = 9;

/** The rates of backlogs while the ports are open and the metrics asked for each second. */
export async function scraped({ zero }: Porches, quick: boolean): Promise<Measured[]> {
  return [
    ...(await compare('porch that does nothing', ['-porch', zero], quick ? 2000 : 10_000)),
    ...(await compare('embedded porch', ['-porch', 'builtin'], quick ? 4000 : 20_000)),
    await oneScrape(quick ? 20_000 : 1_000_000),
  ];
}

/** From the question to the last byte of the answer, on a kept connection and an idle program. */
async function oneScrape(size: number): Promise<Measured> {
  const spool = makeSpool();
  await giveHistory(spool, size);
  const port = await freePort();
  const child = await startWatching(spool, ['-porch', 'builtin', ...portsAt(port)]);
  const times: number[] = [];
  try {
    for (let n = 0; n < 200; n++) {
      const begun = performance.now();
      await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      times.push(performance.now() - begun);
    }
  } finally {
    await stop(child);
  }
  return {
    what: `a scrape with ${whole(size)} entries of history`,
    unit: 'ms',
    value: median(times),
    reference: null,
    target: { below: 5 },
    numbers: { times },
  };
}

const portsAt = (port: number) => ['-http', '-health-port', '0', '-metrics-port', `${port}`];

/**
 * By the clock, from the first to the last one filed; and by processor time, from start to end: of
 * that, other work of the machine takes nothing away.
 */
type Rates = { clock: number; processor: number };

async function compare(what: string, flags: readonly string[], count: number): Promise<Measured[]> {
  const open: Rates[] = [];
  const closed: Rates[] = [];
  const scrapes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ours = await withPorts(flags, count);
    open.push(ours.rates);
    scrapes.push(ours.scrapes);
    closed.push(workOffRates(flags, count));
  }
  const measured = (by: keyof Rates, unit: string, target: Target | null): Measured => {
    const [ours, others] = [open, closed].map((rounds) => rounds.map((rates) => rates[by]));
    return {
      what: `${whole(count)} intents, ${what}, scraped each second${unit}`,
      unit: '/s',
      value: median(ours ?? []),
      reference: { what: 'without ports', value: median(others ?? []) },
      target,
      ...(Math.min(...scrapes) === 0 ? { flaw: 'nothing was scraped' } : {}),
      numbers: { open: ours ?? [], closed: others ?? [], scrapes },
    };
  };
  return [
    measured('clock', '', { share: 0.97 }),
    measured('processor', ', by second of processor time', null),
  ];
}

function workOffRates(flags: readonly string[], count: number, spool = makeSpool()): Rates {
  dropBacklog(spool, count);
  const before = endedChildrenMs();
  workOff(spool, count, [...flags, '-max-workers', `${workers}`]);
  const processorMs = endedChildrenMs() - before;
  const conclusions = new Conclusions(spool);
  conclusions.readOn();
  conclusions.close();
  return { clock: conclusions.rate(0, 1), processor: (1000 * count) / processorMs };
}

async function withPorts(flags: readonly string[], count: number) {
  const spool = makeSpool();
  const answers = join(spool.root, 'scrapes');
  const port = await freePort();
  const scraping = spawn(process.execPath, [scraper, `${port}`], {
    stdio: ['ignore', openSync(answers, 'a'), 'inherit'],
  });
  try {
    const rates = workOffRates([...flags, ...portsAt(port)], count, spool);
    return { rates, scrapes: readFileSync(answers).length };
  } finally {
    await stop(scraping);
  }
}

/** A port that nobody has at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}
