import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { forbidden } from './skip.ts';

/**
 * What the scripts of porch find: `$intent`, `$out`, `$name` (the intent's file name), `$told` (a
 * file for what all of them tell), `$claims` (the directory that the intent is in), and `$stay`, a command that writes its number into a file of the
 * intent and then stays for a minute, under another name.
 */
const prelude = `#!/bin/sh
intent=$2 out=$4 name=\${2##*/} told=$4/told claims=\${2%/*}
stay="\${0%/*}/stay $4/\${2##*/}.left"
# Waits until that has come to stay.
await_stay() { until [ -s "$out/$name.left" ]; do sleep 0.01; done; }
`;

const stay = `#!/bin/sh
echo $$ >>"$1"
exec "\${0%/*}/innocent" 60
`;

/** A spool whose porch misbehaves. */
export class Setting {
  readonly spool: Spool;
  readonly flags: readonly string[];

  constructor(spawner: string, body: string, unprivileged: boolean) {
    this.spool = new Spool({ unprivileged });
    const porch = this.spool.path('porch');
    writeFileSync(porch, `${prelude}${body}\n`);
    writeFileSync(this.spool.path('stay'), stay);
    for (const script of [porch, this.spool.path('stay')]) chmodSync(script, 0o755);
    symlinkSync('/bin/sleep', this.spool.path('innocent'));
    this.flags = ['-porch', porch, '-porch-spawner', spawner];
  }

  /** Drops an intent for a target of its own, so that none waits for another. */
  drop(word: string, more: Record<string, unknown> = {}): string {
    const name = `intent-${word}.json`;
    this.spool.drop(name, intentFor('', { target: `t-${word}`, ...more }));
    return name;
  }

  /** Where each run writes its intent's name and what it wants to tell. */
  get told(): string[] {
    try {
      return readFileSync(this.spool.path('out', 'told'), 'utf8').trimEnd().split('\n');
    } catch {
      return [];
    }
  }

  /** How many processes came to stay for an intent. */
  stayed(name: string): number {
    return this.#stayed(`${name}.left`).length;
  }

  /** Those that still do. */
  get left(): number[] {
    if (!existsSync(this.spool.out)) return [];
    const names = readdirSync(this.spool.out).filter((name) => name.endsWith('.left'));
    const stayed = new Set(names.flatMap((name) => this.#stayed(name)));
    const living = processes().filter(({ pid, state }) => state !== 'Z' && stayed.has(pid));
    return living.map(({ pid }) => pid);
  }

  #stayed(fileName: string): number[] {
    try {
      const text = readFileSync(join(this.spool.out, fileName), 'utf8');
      return text.split('\n').slice(0, -1).map(Number);
    } catch {
      return [];
    }
  }

  /** Waits until nothing that porch has started is left, alive or dead, though the program lives on. */
  async allGone(program: Program): Promise<void> {
    const gone = () => this.left.length === 0 && childrenOf(program.pid).length === 0;
    await this.spool.until(gone, 'the end of all that porch has started');
    assert.ok(program.alive);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.left) process.kill(pid, 'SIGKILL');
    await this.spool[Symbol.asyncDispose]();
  }
}

/** The case once for each way of starting porch. */
export function misbehaving(
  name: string,
  body: string,
  run: (setting: Setting) => Promise<void>,
  { unprivileged = false } = {},
): void {
  for (const spawner of ['native', 'node']) {
    test(`${name} (${spawner})`, async () => {
      if (process.platform !== 'linux') return forbidden(name, 'it looks into /proc');
      await using setting = new Setting(spawner, body, unprivileged);
      await run(setting);
    });
  }
}

type Process = { pid: number; parent: number; state: string };

export function processes(): Process[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [{ pid: Number(entry), parent: Number(parent), state }];
    } catch {
      return [];
    }
  });
}

/** All that is below a process, dead or alive: none once a program has nothing to do. */
export function childrenOf(pid: number): Process[] {
  return processes().filter(({ parent }) => parent === pid);
}

/** The most memory that the process had so far, in MB. */
export function peakMemoryMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
