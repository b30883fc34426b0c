import type { ErrorCode } from '../intent/codes.ts';
import type { Refusal } from '../intent/types.ts';

/** What became of an intent, as far as it is counted. */
export type Counted = {
  outcome: 'success' | 'failed' | 'timeout' | 'skipped';
  /** Milliseconds from the claim to the conclusion. */
  durationMs: number;
  /** Null where porch did not run. */
  workerId: number | null;
  error?: { code: ErrorCode; refusal?: Refusal };
};

/** One run of porch that came to an end by itself or by its time limit. */
export type CountedRun = {
  mode: 'direct' | 'structured';
  durationMs: number;
  timedOut: boolean;
};

export const stateOperations = ['load', 'record', 'snapshot', 'prune'] as const;
export type StateOperation = (typeof stateOperations)[number];

/** Is told what happens, so that it can be counted. */
export type Meter = {
  /** An intent is on record and in its place. */
  concluded(intent: Counted): void;
  porchRan(run: CountedRun): void;
  /** A run failed in a way that may pass, and porch will run again. */
  retried(): void;
  stateOperated(operation: StateOperation): void;
  /** A file was moved to its place. */
  filed(to: 'processed' | 'failed'): void;
  /** Old files were removed. */
  removed(count: number): void;
  /** Something went wrong that is no intent's fault. */
  failed(code: ErrorCode): void;
};

/** Counts nothing: where nobody looks, nothing is paid. */
export const noMeter: Meter = {
  concluded() {},
  porchRan() {},
  retried() {},
  stateOperated() {},
  filed() {},
  removed() {},
  failed() {},
};
