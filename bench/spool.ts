import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What is measured: the bundle. */
export const bundle = fileURLToPath(new URL('../dist/conductor-loop.cjs', import.meta.url));

/** As many porches side by side as there are cores, on either side of a comparison. */
export const workers = availableParallelism();

/** A directory of the bench, with a handoff directory and room for what comes out. */
export type Spool = { root: string; handoff: string; out: string; log: string };

let place: string | undefined;

/** Where everything of this run of the bench lies. */
export function benchDirectory(): string {
  place ??= mkdtempSync(join(tmpdir(), 'conductor-bench-'));
  return place;
}

/**
 * Removes what all lines have left. Not after each measurement: ext4 passes over inodes that were
 * freed in the last half minute one by one, and whatever is measured next would pay for it.
 */
export function removeBenchDirectory(): void {
  if (place !== undefined) rmSync(place, { recursive: true });
}

export function makeSpool(): Spool {
  const root = mkdtempSync(join(benchDirectory(), 'spool-'));
  const spool = {
    root,
    handoff: join(root, 'handoff'),
    out: join(root, 'out'),
    log: join(root, 'log'),
  };
  mkdirSync(spool.handoff);
  mkdirSync(spool.out);
  return spool;
}

export const nameOf = (index: number): string =>
  `intent-bench-${String(index).padStart(6, '0')}.json`;

/** An intent with a target of its own, so that none has to wait for another. */
export function intentText(index: number): string {
  const intent = {
    intent_type: 'scaling',
    target: `bench-${index}`,
    namespace: `bench-${index % 10}`,
    replicas: index % 10,
    reason: 'measured',
    source: 'test',
    correlation_id: `bench-${index}`,
  };
  return `${JSON.stringify(intent, null, 2)}\n`;
}

/** Drops intents that have settled long ago, and has the disk forget that it was busy with them. */
export function dropBacklog({ handoff }: Spool, count: number): void {
  const begun = Date.now() / 1000 - 3600;
  for (let index = 0; index < count; index++) {
    const path = join(handoff, nameOf(index));
    writeFileSync(path, intentText(index));
    utimesSync(path, begun, begun + index / 100);
  }
  spawnSync('sync');
}

/** The settings of whoever runs the bench are not the bench's. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CONDUCTOR_|POD_NAME$)/.test(name)),
  );
}

const argumentsFor = ({ handoff, out }: Spool, flags: readonly string[]) => [
  ...[bundle, '-handoff', handoff, '-out', out],
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
    stdio: ['pipe', 'ignore', openSync(spool.log, 'a')],
  });
  if (run.error) throw run.error;
  if (run.status !== 0) {
    const said = readFileSync(spool.log, 'utf8').trimEnd().split('\n').slice(-3).join('\n');
    throw new Error(`${command} ended with ${run.status ?? run.signal}:\n${said}`);
  }
  return run;
}

/** Works off the backlog of `count` intents and gives the milliseconds. Throws where one was lost. */
export function workOff(spool: Spool, count: number, flags: readonly string[]): number {
  const args = argumentsFor(spool, ['--once', '-log-format', 'json', ...flags]);
  const ms = timed(() => runToEnd(spool, process.execPath, args));
  const processed = readdirSync(join(spool.handoff, 'processed')).length;
  if (processed !== count) throw new Error(`${processed} of ${count} intents were processed`);
  return ms;
}

/** Starts watching and resolves when it does. The caller stops it. */
export async function startWatching(spool: Spool, flags: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, argumentsFor(spool, ['-log-format', 'json', ...flags]), {
    cwd: spool.root,
    env: ownEnvironment(),
    stdio: ['ignore', 'ignore', openSync(spool.log, 'a')],
  });
  await until('the program watches', () => {
    if (child.exitCode !== null) throw new Error(readFileSync(spool.log, 'utf8'));
    return readFileSync(spool.log, 'utf8').includes('"watching ');
  });
  return child;
}

/** Ends a process and resolves when it is gone. */
export async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Waits for a condition for at most two minutes. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 120_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await delay(20);
  }
}
