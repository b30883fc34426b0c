/**
 * `npm run soak -- MINUTES [--seed N] [--every SECONDS] [--fault KIND]`: steady drops into three spools, and one
 * fault after the other done to the programs that work on them. Two live from begin to end, so that
 * what grows without bound is seen; the third is killed and stopped again and again. Prints a line for
 * each every few seconds, at the end what was checked, and exits with 1 where anything was wrong. With
 * `--fault` (such as `stopped`) there is no other fault, and little time between two.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { until } from '../e2e/harness.ts';
import { chosenSeed, Random } from './random.ts';
import { forbidden } from './skip.ts';
import { faultsFor } from './soak-faults.ts';
import { growth, quantile, sampleOf } from './soak-measure.ts';
import { SoakedSpool } from './soak-spool.ts';

const TICK_MS = 50;
const SAMPLE_MS = 1000;

/** Everything that was dropped is to be in its place after this time. */
const REST_MS = 120_000;

const { values, positionals } = parseArgs({
  options: {
    seed: { type: 'string' },
    every: { type: 'string', default: '5' },
    fault: { type: 'string' },
  },
  allowPositionals: true,
});

const number = (text: string, what: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${what} is to be a number above 0, not ${text}`);
  return value;
};
const minutes = number(positionals[0] ?? '1', 'MINUTES');
const everyMs = number(values.every, '--every') * 1000;
const random = new Random(values.seed ? number(values.seed, '--seed') : chosenSeed());

/** Does one fault after the other to a spool, each kind once before any comes again. */
async function torment(soaked: SoakedSpool, own: Random, signal: AbortSignal): Promise<number> {
  const [shortest, longest] = values.fault ? [20, 300] : [500, 4000];
  const faults = faultsFor(soaked).filter(([name]) => !values.fault || name === values.fault);
  let count = 0;
  while (!signal.aborted && faults.length > 0) {
    for (const [name, fault] of own.shuffled(faults)) {
      await delay(own.between(shortest, longest));
      if (signal.aborted) break;
      soaked.fault = name;
      await fault(soaked, own);
      soaked.fault = '';
      count++;
    }
  }
  return count;
}

/** Soaks until the time is over, and gives the number of faults. */
async function soak(spools: readonly SoakedSpool[]): Promise<number> {
  const end = new AbortController();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  const begunMs = performance.now();
  const every = (ms: number, step: () => void) =>
    setInterval(() => {
      try {
        step();
      } catch (error) {
        broken.reject(error);
      }
    }, ms);
  const show = () => {
    const at = `${Math.round((performance.now() - begunMs) / 1000)} s`.padStart(6);
    for (const soaked of spools) console.log(`${at}  ${soaked.line()}`);
  };
  const timers = [
    every(TICK_MS, () => spools.map((soaked) => soaked.tick())),
    every(SAMPLE_MS, () => spools.map((soaked) => soaked.takeSample())),
    every(everyMs, show),
  ];
  const over = setTimeout(() => end.abort(), minutes * 60_000);
  process.once('SIGINT', () => end.abort());
  try {
    const torments = spools.map((soaked, at) =>
      torment(soaked, random.branch(100 + at), end.signal),
    );
    const counts = await Promise.race([Promise.all(torments), broken.promise]);
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    clearTimeout(over);
    for (const timer of timers) clearInterval(timer);
  }
}

/** What is wrong with a spool after the end, in words. */
async function judge(soaked: SoakedSpool): Promise<string[]> {
  const { name, mortal } = soaked.options;
  const wrong = mortal ? [] : growth(soaked.samples);
  try {
    const all = 'everything to be filed';
    await until(
      () => soaked.settled || null,
      all,
      () => soaked.program.stderr.slice(-3000),
      REST_MS,
    );
    await soaked.end('SIGTERM');
    await soaked.check();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    wrong.push(message, ...soaked.linesOf(message));
  }
  return wrong.map((what) => `${name}: ${what}`);
}

function summarise(spools: readonly SoakedSpool[], faults: number): void {
  const latencies = spools.flatMap((soaked) => soaked.latencies);
  const sum = (of: (soaked: SoakedSpool) => number) =>
    spools.reduce((all, one) => all + of(one), 0);
  const times = [0.5, 0.99, 1].map((share) => `${Math.round(quantile(latencies, share))} ms`);
  console.log(
    `${sum(({ ledger }) => ledger.size)} drops, ${faults} faults, ${sum(({ lives }) => lives)} lives; ` +
      `from drop to place: p50 ${times[0]}, p99 ${times[1]}, longest ${times[2]}`,
  );
}

async function main(): Promise<number> {
  if (sampleOf(process.pid) === null) {
    forbidden('soak', 'there is no /proc to measure processes by');
    return 0;
  }
  console.log(`${minutes} minutes, --seed ${random.seed}`);
  await using steady = new SoakedSpool(
    { name: 'steady', porch: 'stand-in', mortal: false, rate: 15, names: 500 },
    random.branch(1),
  );
  await using embedded = new SoakedSpool(
    { name: 'embedded', porch: 'builtin', mortal: false, rate: 15, names: 500 },
    random.branch(2),
  );
  await using mortal = new SoakedSpool(
    { name: 'mortal', porch: 'stand-in', mortal: true, rate: 15 },
    random.branch(3),
  );
  const spools = [steady, embedded, mortal];
  const known = new Set(spools.flatMap((soaked) => faultsFor(soaked).map(([name]) => name)));
  if (values.fault && !known.has(values.fault)) {
    throw new Error(`no fault ${values.fault}; there are ${[...known].join(', ')}`);
  }
  for (const soaked of spools) await soaked.start();
  const faults = await soak(spools);
  const wrong: string[] = [];
  for (const soaked of spools) wrong.push(...(await judge(soaked)));
  summarise(spools, faults);
  console.log(
    'checked: each drop in one place, recorded once with its outcome, in the order of dropping for ' +
      'each target, not run again after its record; statuses; state files; nothing left behind; ' +
      'memory, open files and threads of the long lives',
  );
  for (const what of wrong) console.log(`WRONG ${what}`);
  console.log(wrong.length === 0 ? 'all is well' : `${wrong.length} things are wrong`);
  return wrong.length === 0 ? 0 : 1;
}

process.exitCode = await main();
