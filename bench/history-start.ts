import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { Conclusions } from './conclusions.ts';
import { giveHistory, nameOfPast, snapshotOf } from './past.ts';
import { peakMb, residentMb } from './proc.ts';
import { runToEnd, startWatching, stop, timed, until } from './program.ts';
import { dropBacklog, makeSpool } from './spool.ts';
import { type Measured, median, whole } from './table.ts';

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const probeFile = fileOf('probe.ts');

/** The probe notes as often the longest stop since. */
const PROBE_WINDOW_MS = 50;

const IDLE = 'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1e9)';

const FEW = 100;

const PORCH = ['-porch', 'builtin'];

/** What a long history costs at the start, in memory, and when it is written anew. */
export async function historyStart(quick: boolean): Promise<Measured[]> {
  const size = quick ? 20_000 : 1_000_000;
  const starts: Start[] = [];
  const plain: number[] = [];
  const kept: Kept[] = [];
  for (let round = 0; round < 3; round++) {
    plain.push(await plainStart(size));
    starts.push(await measureStart(size));
    kept.push(await keep(size));
  }
  const none = await keep(0);
  const bytes = kept.map(({ memory }) => (memory - none.memory) / size);
  const resident = kept.map((one) => ((one.residentMb - none.residentMb) * 1024 ** 2) / size);
  const what = `with ${whole(size)} entries of history`;
  const stops = kept.map(({ stopMs }) => stopMs);
  const idleStops = kept.map(({ idleStopMs }) => idleStopMs);
  const seconds = starts.map((one) => one.seconds);
  const peaks = starts.map((one) => one.peakMb);
  return [
    {
      what: `start ${what}`,
      unit: 's',
      value: median(seconds),
      reference: { what: 'node that parses each line into a map', value: median(plain) },
      target: { below: 3 },
      numbers: { seconds, plain },
    },
    {
      what: `peak memory of the start ${what}`,
      unit: 'MB',
      value: median(peaks),
      reference: null,
      target: { below: 400 },
      numbers: { peaks },
    },
    {
      what: 'memory for an entry of history',
      unit: 'bytes',
      value: median(bytes),
      reference: { what: 'its name and SHA-256', value: nameOfPast(0).length + 32 },
      target: { below: 150 },
      numbers: { bytes, resident },
    },
    {
      what: `longest stop of the event loop, snapshot of ${whole(size)} written`,
      unit: 'ms',
      value: median(stops),
      reference: { what: 'an idle node at the same time', value: median(idleStops) },
      target: { below: 20 },
      numbers: { stops, idle: idleStops, seconds: kept.map((one) => one.writeSeconds) },
    },
  ];
}

async function plainStart(size: number): Promise<number> {
  const spool = makeSpool();
  await giveHistory(spool, size);
  const args = [fileOf('entries.ts'), snapshotOf(spool)];
  return timed(() => runToEnd(spool, process.execPath, args)) / 1000;
}

type Start = { seconds: number; peakMb: number };

async function measureStart(size: number): Promise<Start> {
  const spool = makeSpool();
  await giveHistory(spool, size);
  const begun = performance.now();
  const program = await startWatching(spool, PORCH);
  const seconds = (performance.now() - begun) / 1000;
  try {
    return { seconds, peakMb: peakMb(program.pid ?? 0) };
  } finally {
    await stop(program);
  }
}

type Kept = {
  /** What is alive on the heap and outside of it: bytes. */
  memory: number;
  residentMb: number;
  stopMs: number;
  idleStopMs: number;
  writeSeconds: number;
};

/** Has it keep a history, and write it anew at its end because a few intents came to it. */
async function keep(size: number): Promise<Kept> {
  const spool = makeSpool();
  await giveHistory(spool, size);
  const probe = join(spool.root, 'probe');
  const idleProbe = join(spool.root, 'probe-idle');
  const program = await startWatching(spool, PORCH, {
    node: ['--expose-gc', '--import', probeFile],
    environment: { PROBE: probe },
  });
  const { pid = 0 } = program;
  const idle = spawn(process.execPath, ['--import', probeFile, '-e', IDLE], {
    env: { ...process.env, PROBE: idleProbe },
    stdio: 'ignore',
  });
  try {
    program.kill('SIGUSR2');
    await until('the memory is measured', () => existsSync(`${probe}.memory`));
    const kept = { memory: Number(readFileSync(`${probe}.memory`)), residentMb: residentMb(pid) };
    const conclusions = new Conclusions(spool);
    dropBacklog(spool, FEW);
    await until('a few intents are filed', () => conclusions.readOn() === FEW);
    conclusions.close();
    await stop(program);
    await stop(idle);
    const { birthtimeMs, ctimeMs } = statSync(snapshotOf(spool));
    return {
      ...kept,
      stopMs: longestStop(probe, birthtimeMs, ctimeMs),
      idleStopMs: longestStop(idleProbe, birthtimeMs, ctimeMs),
      writeSeconds: (ctimeMs - birthtimeMs) / 1000,
    };
  } finally {
    await stop(program);
    await stop(idle);
  }
}

const stopsSchema = z.array(z.tuple([z.number(), z.number()]));

/** The longest stop that the probe saw in any of its windows between two moments. */
function longestStop(probe: string, from: number, to: number): number {
  const stops = stopsSchema.parse(JSON.parse(readFileSync(probe, 'utf8')));
  const found = stops.filter(([until]) => until >= from && until <= to + PROBE_WINDOW_MS);
  return Math.max(...found.map(([, ms]) => ms));
}
