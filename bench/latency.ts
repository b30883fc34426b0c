import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Porches } from './porches.ts';
import { intentText, makeSpool, nameOf, type Spool, startWatching, stop, until } from './spool.ts';
import { type Measured, median, quantile } from './table.ts';

const DEBOUNCE_MS = 500;
const PER_SECOND = 100;
const P50_MS = 15;
const P99_MS = 60;

/** Milliseconds from drop to start without the debounce, in half and in 99 of 100 drops. */
type Latency = { p50: number; p99: number; missed: number };

/** How soon porch starts, beside a bare fs.watch, timer and spawn. */
export async function latency(porches: Porches, quick: boolean): Promise<Measured[]> {
  const count = PER_SECOND * (quick ? 3 : 10);
  const ours: Latency[] = [];
  const bare: Latency[] = [];
  for (let round = 0; round < 3; round++) {
    ours.push(await ourLatency(makeSpool(), porches.record, count));
    bare.push(await bareLatency(makeSpool(), porches.record, count));
  }
  const missed = Math.max(...ours.map((one) => one.missed));
  const row = (key: 'p50' | 'p99', limitMs: number): Measured => {
    const own = median(ours.map((one) => one[key]));
    const lost = missed > 0 ? `, ${missed} missed` : '';
    return {
      what: `drop to start after the debounce, ${PER_SECOND}/s, ${key}`,
      ours: `${own.toFixed(1)} ms${lost}`,
      reference: `bare watch and spawn: ${median(bare.map((one) => one[key])).toFixed(1)} ms`,
      target: `<= ${limitMs} ms`,
      met: own <= limitMs && missed === 0,
      numbers: { ours: ours.map((one) => one[key]), bare: bare.map((one) => one[key]), missed },
    };
  };
  return [row('p50', P50_MS), row('p99', P99_MS)];
}

async function ourLatency(spool: Spool, porch: string, count: number): Promise<Latency> {
  const flags = ['-porch', porch, '-debounce', `${DEBOUNCE_MS}ms`];
  const program = await startWatching(spool, flags);
  try {
    return await dropAndWait(spool, count);
  } finally {
    await stop(program);
  }
}

async function bareLatency(spool: Spool, porch: string, count: number): Promise<Latency> {
  const timers = new Map<string, NodeJS.Timeout>();
  const children = new Set<ChildProcess>();
  const start = (name: string) => {
    const args = ['-intent', join(spool.handoff, name), '-out', spool.out];
    const child = spawn(porch, args, { stdio: 'ignore' });
    children.add(child.on('exit', () => children.delete(child)));
  };
  const watcher: FSWatcher = watch(spool.handoff, (_event, name) => {
    if (!name?.startsWith('intent-')) return;
    clearTimeout(timers.get(name));
    timers.set(name, setTimeout(start, DEBOUNCE_MS, name));
  });
  try {
    return await dropAndWait(spool, count);
  } finally {
    watcher.close();
    await until('the last porch ends', () => children.size === 0);
  }
}

/** Drops intents at an even pace, each by a rename, and waits until all of them have started. */
async function dropAndWait({ handoff, out }: Spool, count: number): Promise<Latency> {
  const dropped = new Map<string, number>();
  const begun = performance.now();
  for (let index = 0; index < count; index++) {
    const due = begun + (index * 1000) / PER_SECOND;
    if (due > performance.now()) await delay(due - performance.now());
    const temporary = join(handoff, '.being-written');
    writeFileSync(temporary, intentText(index));
    dropped.set(nameOf(index), performance.timeOrigin + performance.now());
    renameSync(temporary, join(handoff, nameOf(index)));
  }
  const starts = () => readStarts(join(out, 'starts'));
  await until('all have started', () => starts().size === count).catch(() => {});
  const found = starts();
  const waits = [...dropped].flatMap(([name, at]) => {
    const start = found.get(name);
    return start === undefined ? [] : [start - at - DEBOUNCE_MS];
  });
  const missed = count - waits.length;
  return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), missed };
}

/** When each intent's porch started, in milliseconds since 1970. */
function readStarts(path: string): Map<string, number> {
  const starts = new Map<string, number>();
  for (const line of readIfThere(path).split('\n')) {
    const [intent, at] = line.split(' ');
    if (intent !== undefined && at !== undefined) starts.set(basename(intent), Number(at) / 1e6);
  }
  return starts;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
