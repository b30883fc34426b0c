import { formatDuration } from '../config/units.ts';
import { errorCodes } from '../intent/codes.ts';
import { describeRefusal, placeOf } from '../intent/refusal.ts';
import { lastBytes } from '../porch/output.ts';
import { scrub } from '../telemetry/scrub.ts';
import type { Conclusion, Failure } from './job.ts';

/** Status and error log hold this much of each of porch's streams. */
const KEPT_OUTPUT = 4096;

/** What status and error log say beside the conclusion. */
export type ReportFacts = {
  name: string;
  mode: string;
  porch: string;
  instance: string;
  correlationId: string;
  /** Empty where the content was not read. */
  sha256: string;
  /** Destination below handoff. */
  movedTo: string;
  changedDuringRun: boolean;
  at: Date;
};

/** The text of `status/NAME.status`: one JSON object. */
export function statusText(conclusion: Conclusion, facts: ReportFacts): string {
  const { outcome, message, attempts, durationMs, workerId, error } = conclusion;
  const status = {
    intent_file: facts.name,
    status: outcome,
    message,
    timestamp: facts.at.toISOString(),
    processed_by: 'conductor-loop',
    mode: facts.mode,
    porch_path: facts.porch,
    ...(workerId === null ? {} : { worker_id: workerId }),
    processing_duration: formatDuration(durationMs),
    correlation_id: facts.correlationId,
    sha256: facts.sha256,
    attempts,
    instance: facts.instance,
    moved_to: facts.movedTo,
    ...(facts.changedDuringRun ? { changed_during_run: true } : {}),
    ...(error ? { error_details: errorDetails(error) } : {}),
  };
  return `${JSON.stringify(status, null, 2)}\n`;
}

/** The status text of an outcome whose destination had to change. */
export function withDestination(status: string, movedTo: string): string {
  return `${JSON.stringify({ ...JSON.parse(status), moved_to: movedTo }, null, 2)}\n`;
}

function errorDetails({ code, message, refusal, exitCode, stdout, stderr }: Failure) {
  const place = refusal ? placeOf(refusal) : '';
  return {
    error_code: code,
    error_message: place === '' ? message : `${message} (at ${place})`,
    porch_exit_code: exitCode ?? null,
    porch_stdout: lastBytes(scrub(stdout ?? ''), KEPT_OUTPUT),
    porch_stderr: lastBytes(scrub(stderr ?? ''), KEPT_OUTPUT),
  };
}

/** The text of NAME.error.log: for a person who has only this file. */
export function errorLogText(error: Failure, { attempts }: Conclusion, facts: ReportFacts): string {
  const head = error.refusal
    ? describeRefusal(error.refusal, facts.name)
    : `file:  ${facts.name}\nerror: ${error.code} ${errorCodes[error.code]}\n` +
      `what:  ${error.message}\nmend:  ${error.mend}\n`;
  const run = error.refusal ? '' : `tried: ${attempts} ${attempts === 1 ? 'time' : 'times'}\n`;
  const when = `time:  ${facts.at.toISOString()}\n`;
  const again = 'again: put it into the handoff directory once more under its name\n';
  return (
    head + run + when + again + stream('stdout', error.stdout) + stream('stderr', error.stderr)
  );
}

function stream(name: string, text = ''): string {
  const kept = lastBytes(scrub(text), KEPT_OUTPUT).trimEnd();
  return kept === '' ? '' : `\nporch's last words on ${name}:\n${kept}\n`;
}
