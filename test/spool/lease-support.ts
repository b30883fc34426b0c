import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { processScope, processStart } from '../../src/platform/index.ts';
import type { Layout } from '../../src/spool/layout.ts';
import type { LeaseContent } from '../../src/spool/lease-content.ts';
import { until } from '../tools/until.ts';

const child = fileURLToPath(new URL('lease-child.ts', import.meta.url));

/** A lease as another instance would have written it: of this very process where nothing is said. */
export const leaseText = (instance: string, changes: Partial<LeaseContent> = {}): string =>
  JSON.stringify({
    version: 1,
    instance,
    life: 'earlier',
    host: hostname(),
    scope: processScope(),
    pid: process.pid,
    process_start: processStart(process.pid) ?? '',
    renewals: 7,
    members: [],
    ...changes,
  });

/** Of a process that is gone. */
export const ended = { process_start: 'of another process' };

/** Of an instance on another host, whose processes nobody here can see. */
export const far = { scope: 'another system', host: 'far' };

export function putLease(
  { inflightRoot }: Layout,
  instance: string,
  changes: Partial<LeaseContent> = {},
): string {
  const path = join(inflightRoot, `${instance}.lease`);
  writeFileSync(path, leaseText(instance, changes));
  return path;
}

const named = z.object({ life: z.string(), instance: z.string(), heirOf: z.array(z.string()) });

/** The name that a process got, and the lives whose heir it is. */
export type Named = z.infer<typeof named>;

/** A process that takes a name in one directory after the other. */
export class Racer {
  readonly #process: ChildProcess;
  #said = '';

  constructor(instance: string, life: string, roots: readonly string[]) {
    this.#process = spawn(process.execPath, [child, instance, life, ...roots], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process.stdout?.on('data', (data) => {
      this.#said += data;
    });
  }

  get ready(): boolean {
    return this.#said !== '';
  }

  /** What it got so far. */
  get named(): Named[] {
    const lines = this.#said.split('\n').slice(1, -1);
    return lines.map((line) => named.parse(JSON.parse(line)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) await once(this.#process, 'exit');
  }
}

/** Processes that take the name `here` in each directory in the same instant, and what they got. */
export async function race(layouts: readonly Layout[], count: number): Promise<Named[][]> {
  const roots = layouts.map(({ inflightRoot }) => inflightRoot);
  await using stack = new AsyncDisposableStack();
  const racers = Array.from({ length: count }, (_, index) => {
    return stack.use(new Racer('here', `racer${index}`, roots));
  });
  await until(() => racers.every((racer) => racer.ready));
  const rounds: Named[][] = [];
  for (const [round, root] of roots.entries()) {
    writeFileSync(join(root, 'start'), '');
    await until(() => racers.every((racer) => racer.named.length > round));
    rounds.push(racers.flatMap((racer) => racer.named.slice(round, round + 1)));
  }
  return rounds;
}
