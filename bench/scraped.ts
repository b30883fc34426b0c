import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Porches } from './porches.ts';
import { stop, workers, workOff } from './program.ts';
import { dropBacklog, makeSpool } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

const scraper = fileURLToPath(new URL('scraper.ts', import.meta.url));

/** More than elsewhere, for it is a small difference that is looked for. */
const ROUNDS = 5;

/** The rates of backlogs while the ports are open and the metrics asked for each second. */
export async function scraped({ zero }: Porches, quick: boolean): Promise<Measured[]> {
  return [
    await compare('porch that does nothing', ['-porch', zero], quick ? 2000 : 10_000),
    await compare('embedded porch', ['-porch', 'builtin'], quick ? 4000 : 20_000),
  ];
}

async function compare(what: string, flags: readonly string[], count: number): Promise<Measured> {
  const open: number[] = [];
  const closed: number[] = [];
  const scrapes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ours = await withPorts(flags, count);
    open.push(ours.rate);
    scrapes.push(ours.scrapes);
    closed.push(rate(flags, count));
  }
  return {
    what: `${whole(count)} intents, ${what}, scraped each second`,
    unit: '/s',
    value: median(open),
    reference: { what: 'without ports', value: median(closed) },
    target: { share: 0.97 },
    ...(Math.min(...scrapes) === 0 ? { flaw: 'nothing was scraped' } : {}),
    numbers: { open, closed, scrapes },
  };
}

function rate(flags: readonly string[], count: number, spool = makeSpool()): number {
  dropBacklog(spool, count);
  return count / (workOff(spool, count, [...flags, '-max-workers', `${workers}`]) / 1000);
}

async function withPorts(flags: readonly string[], count: number) {
  const spool = makeSpool();
  const answers = join(spool.root, 'scrapes');
  const port = await freePort();
  const scraping = spawn(process.execPath, [scraper, `${port}`], {
    stdio: ['ignore', openSync(answers, 'a'), 'inherit'],
  });
  try {
    const ports = ['-http', '-health-port', '0', '-metrics-port', `${port}`];
    const found = rate([...flags, ...ports], count, spool);
    return { rate: found, scrapes: readFileSync(answers).length };
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
