import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { makeSpool, startWatching, stop } from './spool.ts';
import { type Measured, median } from './table.ts';

const CPU_PERCENT = 0.2;
const MEMORY_MB = 90;

/** Percent of one core, and megabytes resident. */
type Use = { cpu: number; memory: number };

/** What watching an empty directory costs, beside a Node that does nothing at all. Linux only. */
export async function idle(quick: boolean): Promise<Measured[]> {
  const windowMs = quick ? 5000 : 20_000;
  const ours: Use[] = [];
  const bare: Use[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const program = await startWatching(makeSpool(), ['-porch', 'builtin']);
    ours.push(await measure(program, windowMs));
    bare.push(
      await measure(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)']), windowMs),
    );
  }
  const of = (uses: readonly Use[], key: keyof Use) => median(uses.map((use) => use[key]));
  const numbers = (key: keyof Use) => ({
    ours: ours.map((use) => use[key]),
    bare: bare.map((use) => use[key]),
  });
  return [
    {
      what: `idle for ${windowMs / 1000} s: share of a core`,
      ours: `${of(ours, 'cpu').toFixed(2)} %`,
      reference: `idle node: ${of(bare, 'cpu').toFixed(2)} %`,
      target: `< ${CPU_PERCENT} %`,
      met: of(ours, 'cpu') < CPU_PERCENT,
      numbers: numbers('cpu'),
    },
    {
      what: 'idle: resident memory',
      ours: `${of(ours, 'memory').toFixed(0)} MB`,
      reference: `idle node: ${of(bare, 'memory').toFixed(0)} MB`,
      target: `< ${MEMORY_MB} MB`,
      met: of(ours, 'memory') < MEMORY_MB,
      numbers: numbers('memory'),
    },
  ];
}

async function measure(child: ChildProcess, windowMs: number): Promise<Use> {
  try {
    // The start is not idleness; neither is the first cleaning up, 5 seconds after it.
    await delay(6000);
    const { pid = 0 } = child;
    const before = cpuMs(pid);
    const begun = performance.now();
    await delay(windowMs);
    const cpu = ((cpuMs(pid) - before) / (performance.now() - begun)) * 100;
    return { cpu, memory: residentMb(pid) };
  } finally {
    await stop(child);
  }
}

/** Milliseconds on a processor of all threads: proc(5), /proc/PID/task/TID/schedstat, first field. */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1');
    return sum + Number(text.split(' ')[0]) / 1e6;
  }, 0);
}

function residentMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
}
