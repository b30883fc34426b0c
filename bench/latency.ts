import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Porches } from './porches.ts';
import { assertRuns, startWatching, stop, until } from './program.ts';
import { dropBacklog, dropEvenly, makeSpool, type Spool } from './spool.ts';
import { countStarts, readStarts } from './starts.ts';
import { type Measured, median, quantile, whole } from './table.ts';

const DEBOUNCE_MS = 500;
const PER_SECOND = 100;
const LIMITS_MS = { p50: 5, p99: 25 };

/** Above that of a backlog, so that a drop comes next and does not wait until the backlog is over. */
const URGENT = 10;

/** Milliseconds from drop to start without the debounce, in half and in 99 of 100 drops. */
type Latency = { p50: number; p99: number; lost: number };

/** How soon porch starts, beside a bare fs.watch, timer and spawn. */
export async function latency(porches: Porches, quick: boolean): Promise<Measured[]> {
  const count = PER_SECOND * (quick ? 3 : 10);
  const backlog = quick ? 2000 : 10_000;
  const idle: Latency[] = [];
  const busy: Latency[] = [];
  const bare: Latency[] = [];
  for (let round = 0; round < 3; round++) {
    idle.push(await whileIdle(makeSpool(), porches.record, count));
    bare.push(await bareLatency(makeSpool(), porches.record, count));
    busy.push(await whileDraining(makeSpool(), porches.record, count, backlog));
  }
  const rows = (when: string, ours: readonly Latency[]) =>
    (['p50', 'p99'] as const).map((key) => row(when, key, ours, bare));
  return [...rows('', idle), ...rows(`, while a backlog of ${whole(backlog)} drains`, busy)];
}

function row(
  when: string,
  key: 'p50' | 'p99',
  ours: readonly Latency[],
  bare: readonly Latency[],
): Measured {
  const lost = Math.max(...ours.map((one) => one.lost));
  const values = { ours: ours.map((one) => one[key]), bare: bare.map((one) => one[key]) };
  return {
    what: `drop to start after the debounce, ${PER_SECOND}/s${when}, ${key}`,
    unit: 'ms',
    value: median(values.ours),
    reference: { what: 'bare watch and spawn, idle', value: median(values.bare) },
    target: { below: LIMITS_MS[key] },
    ...(lost > 0 ? { flaw: `${lost} never started` } : {}),
    numbers: values,
  };
}

const flags = (porch: string) => ['-porch', porch, '-debounce', `${DEBOUNCE_MS}ms`];

async function whileIdle(spool: Spool, porch: string, count: number): Promise<Latency> {
  const program = await startWatching(spool, flags(porch));
  try {
    return await dropAndWait(spool, { first: 0, count, perSecond: PER_SECOND });
  } finally {
    await stop(program);
  }
}

/** Drops fall once the backlog is under way, and those count whose turn comes before its end. */
async function whileDraining(spool: Spool, porch: string, count: number, backlog: number) {
  dropBacklog(spool, backlog);
  const program = await startWatching(spool, flags(porch));
  try {
    const isUnderWay = () => {
      assertRuns(spool, program);
      return countStarts(spool) >= backlog / 5;
    };
    await until('a fifth of the backlog has started', isUnderWay, { everyMs: 50 });
    const drops = { first: backlog, count, perSecond: PER_SECOND, priority: URGENT };
    return await dropAndWait(spool, drops, backlog);
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
    return await dropAndWait(spool, { first: 0, count, perSecond: PER_SECOND });
  } finally {
    watcher.close();
    await until('the last porch ends', () => children.size === 0);
  }
}

/** Drops intents at an even pace and waits until all of them, and the backlog, have started. */
async function dropAndWait(
  spool: Spool,
  drops: Parameters<typeof dropEvenly>[1],
  backlog = 0,
): Promise<Latency> {
  const dropped = await dropEvenly(spool, drops);
  const all = () => countStarts(spool) >= backlog + drops.count;
  await until('all have started', all, { everyMs: 50 }).catch(() => {});
  const starts = readStarts(spool);
  const ofBacklog = [...starts].filter(([name]) => !dropped.has(name)).map(([, at]) => at);
  const end = backlog > 0 ? ofBacklog.reduce((a, b) => Math.max(a, b), 0) : Infinity;
  const found = [...dropped].map(([name, at]) => ({ at, start: starts.get(name) }));
  const waits = found.flatMap(({ at, start }) => {
    return start === undefined || at + DEBOUNCE_MS > end ? [] : [start - at - DEBOUNCE_MS];
  });
  const lost = found.filter(({ start }) => start === undefined).length;
  return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), lost };
}
