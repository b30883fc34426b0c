import type { Settings } from '../config/settings.ts';
import type { FileIdentity } from '../intent/types.ts';
import type { Log } from '../telemetry/log.ts';
import type { Meter } from '../telemetry/meter.ts';
import type { Filing } from './filing.ts';
import type { Conclusion, Refused } from './job.ts';
import { errorLogText, type ReportFacts, statusText } from './report.ts';
import type { Tally } from './tally.ts';

export type ConcluderParts = {
  settings: Settings;
  log: Log;
  filing: Filing;
  tally: Tally;
  meter: Meter;
  /** Where progress is shown, a line for each success would hide it. */
  successLevel: 'info' | 'debug';
};

/** What is known of a claimed file beside its conclusion. */
export type Known = {
  /** Null where the file could not be looked at. */
  identity: FileIdentity | null;
  /** Null where the content was not read. */
  sha256: string | null;
  correlationId: string;
};

/** Puts a conclusion on record, files the intent, counts it and says so. */
export class Concluder {
  readonly #parts: ConcluderParts;

  constructor(parts: ConcluderParts) {
    this.#parts = parts;
  }

  async conclude(name: string, conclusion: Conclusion, known: Known): Promise<void> {
    const { settings, filing, tally, meter } = this.#parts;
    const succeeded = conclusion.outcome === 'success' || conclusion.outcome === 'skipped';
    const changed = known.identity !== null && (await filing.hasChanged(name, known.identity));
    const facts: ReportFacts = {
      name,
      mode: settings.mode,
      porch: settings.porch,
      instance: settings.instance,
      correlationId: known.correlationId,
      sha256: known.sha256 ?? '',
      movedTo: await filing.destination(succeeded ? 'processed' : 'failed', name),
      changedDuringRun: changed,
      at: new Date(),
    };
    const { error } = conclusion;
    const log = error ? { log: errorLogText(error, conclusion, facts) } : {};
    await filing.conclude({
      name,
      sha: facts.sha256,
      id: known.identity,
      outcome: conclusion.outcome,
      to: facts.movedTo,
      status: statusText(conclusion, facts),
      ...log,
      at: facts.at.getTime(),
    });
    tally.concluded(conclusion);
    meter.concluded(conclusion);
    this.#logConclusion(conclusion, facts);
  }

  #logConclusion(conclusion: Conclusion, facts: ReportFacts): void {
    const { log, successLevel } = this.#parts;
    const { error, workerId, durationMs, message } = conclusion;
    const fields = {
      intent_file: facts.name,
      ...(facts.correlationId === '' ? {} : { correlation_id: facts.correlationId }),
      ...(workerId === null ? {} : { worker_id: workerId }),
      processing_duration: durationMs / 1000,
      ...(error ? { error_type: error.refusal ? 'refused' : 'porch', error_code: error.code } : {}),
      ...(error?.alert ? { alert: true } : {}),
    };
    const see = error ? `; see ${facts.movedTo}.error.log` : '';
    const line = `${facts.name}: ${message}${see}`;
    if (error?.alert) log.error(fields, line);
    else if (error) log.warn(fields, line);
    else log[successLevel](fields, line);
  }
}

/** A refusal as a conclusion. */
export function refusalOf(refused: Refused): [Conclusion, Known] {
  const { code, message, mend } = refused.refusal;
  const error = { code, message, mend, refusal: refused.refusal };
  const conclusion: Conclusion = {
    outcome: 'failed',
    message: `Refused: ${code} ${message}`,
    attempts: 0,
    durationMs: 0,
    workerId: null,
    error,
  };
  return [conclusion, refused];
}
