import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { standInPorch } from '../tools/porch.ts';
import type { Program, StartOptions } from './harness.ts';
import { Spool } from './spool.ts';

export type Config = Readonly<Record<string, unknown>>;

/** Quick, and in the file: what a flag says no file can change. */
const quick: Config = { debounce: '20ms', period: '200ms', 'retry.initial_delay': '20ms' };

/** A spool whose program has its settings from a file, which is changed while it runs. */
export class Configured extends Spool {
  readonly config = this.path('config', 'config.json');
  #settings = quick;
  #program: Program | null = null;

  constructor() {
    super();
    mkdirSync(this.path('config'));
  }

  get program(): Program {
    if (!this.#program) throw new Error('nothing was started');
    return this.#program;
  }

  /** Starts the program with these settings in its file. */
  startWith(settings: Config, flags: readonly string[] = [], options?: Omit<StartOptions, 'cwd'>) {
    this.put({ ...quick, ...settings });
    const porch = flags.includes('-porch') ? [] : ['-porch', standInPorch];
    const own = ['-config', this.config, '-handoff', this.handoff, '-out', this.out];
    this.#program = this.run([...own, ...porch, '-log-format', 'json', ...flags], options);
    return this.#program;
  }

  /** The same, and waits until it watches. */
  async watchWith(settings: Config, flags: readonly string[] = []): Promise<Program> {
    const program = this.startWith(settings, flags);
    await this.said(/^watching /);
    return program;
  }

  /** Replaces the file, in one step. */
  put(settings: Config): void {
    this.#settings = settings;
    this.write(JSON.stringify(settings));
  }

  write(text: string): void {
    writeFileSync(`${this.config}.new`, text);
    renameSync(`${this.config}.new`, this.config);
  }

  /** Changes some settings in the file, and waits until the program has taken them. */
  async change(settings: Config): Promise<void> {
    const before = this.program.logged(/^configuration reloaded/).length;
    this.put({ ...this.#settings, ...settings });
    await this.said(/^configuration reloaded/, before + 1);
  }

  /** Waits until the program has logged such a message so often. */
  said(message: RegExp, times = 1) {
    return this.until(() => {
      const lines = this.program.logged(message);
      return lines.length >= times && lines;
    }, `${message}`);
  }
}
