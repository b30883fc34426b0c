import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuMs, residentMb, wakeUps } from './proc.ts';
import { startWatching, stop } from './program.ts';
import { makeSpool } from './spool.ts';
import { type Measured, median, type Target, type Unit } from './table.ts';

/** Percent of one core, megabytes resident, and how often in a second a thread wakes. */
type Use = { cpu: number; memory: number; wakes: number };

/** What watching an empty directory costs, beside a Node that does nothing at all. Linux only. */
export async function idle(quick: boolean): Promise<Measured[]> {
  const windowMs = quick ? 5000 : 30_000;
  const ours: Use[] = [];
  const bare: Use[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const program = await startWatching(makeSpool(), ['-porch', 'builtin']);
    ours.push(await measure(program, windowMs));
    const nothing = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)']);
    bare.push(await measure(nothing, windowMs));
  }
  const row = (what: string, key: keyof Use, unit: Unit, target: Target | null): Measured => {
    const numbers = { ours: ours.map((use) => use[key]), bare: bare.map((use) => use[key]) };
    const reference = { what: 'idle node', value: median(numbers.bare) };
    return { what, unit, value: median(numbers.ours), reference, target, numbers };
  };
  return [
    row(`idle for ${windowMs / 1000} s: share of a core`, 'cpu', '%', { below: 0.1 }),
    row('idle: resident memory', 'memory', 'MB', { below: 75 }),
    row('idle: wake-ups of its threads', 'wakes', '/s', null),
  ];
}

async function measure(child: ChildProcess, windowMs: number): Promise<Use> {
  try {
    // The start is not idleness; neither is the first cleaning up, 5 seconds after it.
    await delay(6000);
    const { pid = 0 } = child;
    const before = { cpu: cpuMs(pid), wakes: wakeUps(pid) };
    const begun = performance.now();
    await delay(windowMs);
    const passedMs = performance.now() - begun;
    const cpu = ((cpuMs(pid) - before.cpu) / passedMs) * 100;
    const wakes = ((wakeUps(pid) - before.wakes) / passedMs) * 1000;
    return { cpu, memory: residentMb(pid), wakes };
  } finally {
    await stop(child);
  }
}
