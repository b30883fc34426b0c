import type { CheckedIntent, CheckResult, Refusal } from '../intent/types.ts';
import type { Path } from '../platform/index.ts';
import type { Schedulable } from '../queue/scheduler.ts';

/** An accepted intent on its way through the rooms. */
export type Job = Schedulable & {
  intent: CheckedIntent;
  /** Whether it still lies in handoff or is claimed already. */
  place: 'handoff' | 'inflight';
};

/** By what the lines of the log about a job are found. */
export function logFieldsOf({ name, intent }: Job): {
  intent_file: string;
  correlation_id?: string;
} {
  const { correlationId } = intent;
  return { intent_file: name, ...(correlationId === '' ? {} : { correlation_id: correlationId }) };
}

/** What became of an intent, before it is put on record. */
export type Conclusion = {
  outcome: 'success' | 'failed' | 'timeout' | 'skipped';
  /** One line for the status file and the log. */
  message: string;
  attempts: number;
  /** Milliseconds from the claim to here. */
  durationMs: number;
  workerId: number | null;
  error?: Failure;
};

/** Why an intent failed: what status, error log, log and metrics say about it. */
export type Failure = {
  code: Refusal['code'];
  message: string;
  /** What can be done about it. */
  mend: string;
  /** Where it was refused before it reached porch. */
  refusal?: Refusal;
  exitCode?: number | null;
  stdout?: string;
  stderr?: string;
  /** An operator has to act: the installation is at fault. */
  alert?: boolean;
};

/** What is known of a file that is refused. */
export type Refused = Extract<CheckResult, { kind: 'refused' }>;

/** A file that is to be refused, and where it lies. */
export type RefusedFile = { name: string; path: Path; claimed: boolean };
