import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fileOf, targetOf, thisHost } from '../packaging/targets.ts';
import type { Spool } from './spool.ts';

/** What is measured: the bundle. */
export const bundle = fileURLToPath(new URL('../dist/conductor-loop.cjs', import.meta.url));

export type CommandLine = readonly [string, ...string[]];

/** How it is started. */
export const bundled: CommandLine = [process.execPath, bundle];

/** As many porches side by side as there are cores, on either side of a comparison. */
export const workers = availableParallelism();

export function build(): void {
  make('build.mjs', 'the bundle');
}

/** Makes the single binary for this system, and says how it is started. */
export function packaged(): CommandLine {
  make('packaging/main.ts', 'the binary');
  return [fileURLToPath(new URL(`../dist/${fileOf(targetOf(thisHost()))}`, import.meta.url))];
}

function make(script: string, what: string): void {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const { status } = spawnSync(process.execPath, [path], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`${what} could not be built`);
}

/** The settings of whoever runs the bench are not the bench's. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CONDUCTOR_|POD_NAME$)/.test(name)),
  );
}

const flagsFor = ({ handoff, out }: Spool, flags: readonly string[]) => [
  ...['-handoff', handoff, '-out', out, '-log-format', 'json'],
  ...flags,
];

/** Milliseconds of one call. */
export function timed(work: () => void): number {
  const begun = performance.now();
  work();
  return performance.now() - begun;
}

/** Runs a command to its end; its standard error goes to the spool's log. Throws unless it ends with 0. */
export function runToEnd(
  spool: Spool,
  command: string,
  args: readonly string[],
  input = '',
): SpawnSyncReturns<Buffer> {
  const run = spawnSync(command, args, {
    cwd: spool.root,
    env: ownEnvironment(),
    input,
    stdio: ['pipe', 'pipe', openSync(spool.log, 'a')],
  });
  if (run.error) throw run.error;
  if (run.status !== 0) {
    throw new Error(`${command} ended with ${run.status ?? run.signal}:\n${lastWords(spool)}`);
  }
  return run;
}

/** Works off the backlog of `count` intents and gives the milliseconds. Throws where one was lost. */
export function workOff(
  spool: Spool,
  count: number,
  flags: readonly string[],
  [command, ...first]: CommandLine = bundled,
): number {
  const args = [...first, ...flagsFor(spool, ['--once', ...flags])];
  const ms = timed(() => runToEnd(spool, command, args));
  const processed = readdirSync(join(spool.handoff, 'processed')).length;
  if (processed !== count) throw new Error(`${processed} of ${count} intents were processed`);
  return ms;
}

export type StartOptions = {
  /** Flags of Node itself. */
  node?: readonly string[];
  environment?: Readonly<Record<string, string>>;
};

/** Starts the program. The caller stops it. */
export function start(
  spool: Spool,
  flags: readonly string[],
  { node = [], environment = {} }: StartOptions = {},
): ChildProcess {
  return spawn(process.execPath, [...node, bundle, ...flagsFor(spool, flags)], {
    cwd: spool.root,
    env: { ...ownEnvironment(), ...environment },
    stdio: ['ignore', 'ignore', openSync(spool.log, 'a')],
  });
}

/** Starts watching and resolves when it does. The caller stops it. */
export async function startWatching(
  spool: Spool,
  flags: readonly string[],
  options: StartOptions = {},
): Promise<ChildProcess> {
  const child = start(spool, flags, options);
  await until('the program watches', () => {
    assertRuns(spool, child);
    return readFileSync(spool.log, 'utf8').includes('"watching ');
  });
  return child;
}

/** Throws where the program has ended. */
export function assertRuns(spool: Spool, child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) return;
  throw new Error(`the program has ended:\n${lastWords(spool)}`);
}

/** Ends a process and resolves when it is gone. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

const TWO_MINUTES_MS = 120_000;

/** Waits for a condition, looking at it every few milliseconds. */
export async function until(
  what: string,
  condition: () => boolean,
  { limitMs = TWO_MINUTES_MS, everyMs = 5 } = {},
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await delay(everyMs);
  }
}

function lastWords(spool: Spool): string {
  return readFileSync(spool.log, 'utf8').trimEnd().split('\n').slice(-3).join('\n');
}
