import { isatty } from 'node:tty';

/** Signals that mean stop. On Windows a closed console arrives as SIGHUP, Ctrl-Break as SIGBREAK. */
const stopSignals: readonly NodeJS.Signals[] =
  process.platform === 'win32'
    ? ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP']
    : ['SIGINT', 'SIGTERM'];

const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGTERM: 15 };

/** Exit code of a program that a signal stopped: 128 and its number, 3 on Windows. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return process.platform === 'win32' ? 3 : 128 + (numbers[signal] ?? 15);
}

/**
 * SIGHUP asks a service to read its configuration again. On Windows it means that the console was
 * closed, and is among those that mean stop.
 */
const hangup: NodeJS.Signals | null = process.platform === 'win32' ? null : 'SIGHUP';

/** From now on SIGHUP does not end the program, whether or not somebody listens to it. */
export function outliveHangups(): void {
  if (hangup) process.on(hangup, () => {});
}

/**
 * Calls `heard` at each SIGHUP; gives what ends that. Where the terminal that showed our log is gone,
 * the signal meant that, and becomes the usual one to stop.
 */
export function onHangup(heard: () => void): () => void {
  if (!hangup) return () => {};
  const hadTerminal = isatty(2);
  const told = () => {
    if (hadTerminal && !isatty(2)) process.kill(process.pid, 'SIGTERM');
    else heard();
  };
  process.on(hangup, told);
  return () => {
    process.off(hangup, told);
  };
}

/** Calls `stop` at the first signal to stop, and `atOnce` at the next; gives what ends that. */
export function onStopSignals(
  stop: (signal: NodeJS.Signals) => void,
  atOnce: (signal: NodeJS.Signals) => void,
): () => void {
  let stopping = false;
  const heard = (signal: NodeJS.Signals) => {
    if (stopping) atOnce(signal);
    else stop(signal);
    stopping = true;
  };
  for (const signal of stopSignals) process.on(signal, heard);
  return () => {
    for (const signal of stopSignals) process.off(signal, heard);
  };
}
