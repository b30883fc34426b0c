import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { until } from '../tools/until.ts';
import type { Ended, Running, Wine } from './wine.ts';

const lease = z.object({ pid: z.number() });
const status = z.object({
  status: z.string(),
  message: z.string(),
  error_details: z.object({ error_code: z.string(), error_message: z.string() }).optional(),
});

let spools = 0;

/** A spool on C:, and the program that works on it. */
export class Spool {
  readonly #wine: Wine;
  readonly #place: string;
  readonly directory: string;

  constructor(wine: Wine, place = `spool-${++spools}`) {
    this.#wine = wine;
    this.#place = place;
    this.directory = wine.path(...place.split('\\'));
    for (const name of ['handoff', 'out']) mkdirSync(this.path(name), { recursive: true });
  }

  /** Where something below it lies for us. */
  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** The same as Windows names it. */
  there(...names: string[]): string {
    return ['C:', this.#place, ...names].join('\\');
  }

  /** The names in a directory that the program does not keep for itself. */
  list(...names: string[]): string[] {
    const isOurs = (name: string) => !name.startsWith('.') && !name.endsWith('.error.log');
    return existsSync(this.path(...names)) ? readdirSync(this.path(...names)).filter(isOurs) : [];
  }

  read(...names: string[]): string {
    return existsSync(this.path(...names)) ? readFileSync(this.path(...names), 'utf8') : '';
  }

  /** Drops an intent in one step, for a target of its own where none is given. */
  drop(name: string, more: Record<string, unknown> = {}): void {
    const target = `t-${name.toLowerCase().replace(/[^a-z0-9]/g, '-')}-x`;
    const intent = { intent_type: 'scaling', target, namespace: 'default', replicas: 1, ...more };
    writeFileSync(this.path('writing'), JSON.stringify(intent));
    renameSync(this.path('writing'), this.path('handoff', name));
  }

  /** Starts the program on it; `-porch builtin` where no other is given. */
  start(...args: string[]): Running {
    const porch = args.includes('-porch') ? [] : ['-porch', 'builtin'];
    const where = ['-handoff', this.there('handoff'), '-out', this.there('out')];
    const quick = ['-debounce', '50ms', '-period', '500ms'];
    return this.#wine.start('conductor-loop.exe', [...where, ...quick, ...porch, ...args]);
  }

  once(...args: string[]): Promise<Ended> {
    return this.start('-once', ...args).ended;
  }

  /** Starts it, and waits until it watches. */
  async watch(...args: string[]): Promise<Running> {
    const running = this.start(...args);
    await until(() => running.stderr().includes('"watching '));
    return running;
  }

  /** The process, as Windows counts them, of an instance that runs. */
  pid(instance = 'windows'): string {
    const text = this.read('handoff', '.inflight', `${instance}.lease`);
    return String(lease.parse(JSON.parse(text)).pid);
  }

  status(name: string): z.infer<typeof status> {
    return status.parse(JSON.parse(this.read('handoff', 'status', `${name}.status`)));
  }
}
