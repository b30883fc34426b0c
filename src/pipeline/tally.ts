import type { ErrorCode } from '../intent/codes.ts';
import type { Conclusion } from './job.ts';

/** Counts what became of the intents of this run of the program. */
export class Tally {
  readonly outcomes = { success: 0, failed: 0, timeout: 0, skipped: 0 };
  readonly codes = new Map<ErrorCode, number>();
  /** Intents that were put back because the program was told to stop. */
  givenBack = 0;

  get done(): number {
    const { success, failed, timeout, skipped } = this.outcomes;
    return success + failed + timeout + skipped;
  }

  get failures(): number {
    return this.outcomes.failed + this.outcomes.timeout;
  }

  concluded({ outcome, error }: Conclusion): void {
    this.outcomes[outcome]++;
    if (error) this.codes.set(error.code, (this.codes.get(error.code) ?? 0) + 1);
  }

  /** For a person: `9 succeeded, 1 skipped, 2 failed (E003 1, E013 1)`. */
  summary(): string {
    const { success, skipped } = this.outcomes;
    const codes = [...this.codes].sort().map(([code, count]) => `${code} ${count}`);
    const parts = [`${success} succeeded`];
    if (skipped > 0) parts.push(`${skipped} skipped`);
    parts.push(`${this.failures} failed${codes.length > 0 ? ` (${codes.join(', ')})` : ''}`);
    if (this.givenBack > 0) parts.push(`${this.givenBack} given back`);
    return parts.join(', ');
  }
}
