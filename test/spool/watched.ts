import { utimesSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { Intake, type IntakeEvents, type Waiting } from '../../src/spool/intake.ts';
import { until } from '../tools/until.ts';
import { put, tempDir } from './support.ts';

type Times = { debounceMs: number; periodMs: number };

/** A directory that is watched; what settles is taken at once, as the pipeline does. */
export class Watched {
  readonly handoff: string;
  readonly intake: Intake;
  readonly times: Times;
  /** What the intake calls; a test may put others in. */
  readonly events: IntakeEvents;
  readonly taken: Waiting[] = [];
  readonly changed: string[] = [];
  readonly directories: string[] = [];
  readonly errors: unknown[] = [];
  readonly unwatched: unknown[] = [];
  looks = 0;
  awakenings = 0;
  takenAt = 0;
  /** Names whose files stay in handoff although they were taken, as while they are read. */
  readonly inHand = new Set<string>();

  constructor(t: TestContext, changes: Partial<Times & { watch: boolean }> = {}, take = true) {
    this.handoff = tempDir(t);
    const { watch = true, ...times } = changes;
    this.times = { debounceMs: 50, periodMs: 100, ...times };
    this.events = {
      arrived: () => {
        if (take) this.take();
      },
      changed: (name) => this.changed.push(name),
      taken: (name) => this.inHand.has(name),
      takenAny: () => this.inHand.size > 0,
      timeOf: () => undefined,
      directory: (name) => this.directories.push(name),
      awake: () => this.awakenings++,
      looked: (error) => {
        this.looks++;
        if (error !== null) this.errors.push(error);
      },
      help: () => null,
      unwatched: (error) => this.unwatched.push(error),
    };
    this.intake = new Intake(this.handoff, { times: this.times, watch }, this.events);
    t.after(() => this.intake.stop());
  }

  take(): void {
    const waiting = this.intake.take(100);
    this.taken.push(...waiting);
    this.takenAt = Date.now();
    for (const { name } of waiting) this.inHand.add(name);
  }

  get names(): string[] {
    return this.taken.map(({ name }) => name);
  }

  put(name: string, text = name): string {
    return put(this.handoff, name, text);
  }

  /** Puts a file that was dropped so long ago. */
  putOld(name: string, ageMs: number): string {
    const path = this.put(name);
    const time = (Date.now() - ageMs) / 1000;
    utimesSync(path, time, time);
    return path;
  }

  /** After this the directory has been read whole twice more, from beginning to end. */
  async looked(): Promise<void> {
    const enough = this.looks + 2;
    await until(() => this.looks >= enough);
  }
}
