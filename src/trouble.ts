/** How the program meets what keeps it from working. */
import { ConfigError } from './config/error.ts';
import { formatDuration } from './config/units.ts';
import { EXIT } from './parts.ts';
import { errnoOf } from './platform/index.ts';
import { Hold, type HoldEvents } from './queue/hold.ts';
import { DirectoryError } from './spool/directories.ts';
import { LaterVersion } from './state/records.ts';
import type { Log } from './telemetry/log.ts';
import type { Meter } from './telemetry/meter.ts';

/** What no part of the program has foreseen ends it, with one line: the next start goes on. */
export function endOnFault(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.debug({ err: error }, 'fault');
    log.fatal(
      { error_type: 'fault' },
      `conductor-loop itself is at fault and ends: ${error.message}; nothing is lost, the next ` +
        'start goes on; please report it with what -log-level debug says',
    );
    process.exit(EXIT.unusable);
  });
}

/** Says once when the queue is held, and once when it goes on. */
export function createHold(log: Log, meter: Meter, goOn: () => void, isLost: () => boolean): Hold {
  const held: HoldEvents['held'] = (cause, what, error) => {
    const code = cause === 'porch' ? 'E006' : isFull(error) ? 'E011' : 'E005';
    meter.failed(code);
    log.error(
      { error_type: cause, error_code: code },
      `the queue is held: could not ${what}: ${messageOf(error)}; nothing fails for it, it is ` +
        'tried again',
    );
  };
  const released: HoldEvents['released'] = (cause, heldMs) => {
    log.info(`the queue goes on: ${cause} works again after ${formatDuration(heldMs)}`);
    goOn();
  };
  return new Hold({ held, released }, isLost);
}

/** `--once` does not wait for ever for a disk that refuses the very beginning: nothing is claimed. */
export function endWhenHeld(hold: Hold, timeoutMs: number): NodeJS.Timeout {
  return setInterval(() => {
    if (hold.heldMs >= timeoutMs) process.exit(EXIT.unusable);
  }, 100);
}

/** No room on the disk, or none of what we may use of it. */
function isFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOSPC' || errno === 'EDQUOT';
}

/** For a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What kept the program from starting, as an error for whoever started it. */
export function startError(error: unknown, handoff: string): unknown {
  const explained = [DirectoryError, LaterVersion];
  if (error instanceof Error && explained.some((kind) => error instanceof kind)) {
    return new ConfigError([error.message]);
  }
  if (errnoOf(error) === undefined || !(error instanceof Error)) return error;
  return new ConfigError([`cannot start on ${handoff}: ${error.message}`]);
}
