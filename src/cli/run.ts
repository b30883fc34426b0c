import process from 'node:process';
import { runSafely, setDefaultHelpFormatter } from 'cmd-ts';
import { complain, type Look, lookOf, writeOut } from './terminal.ts';

/**
 * Runs one cmd-ts command whose handler returns an exit code, with `help` as its page of help, and
 * gives that code. Errors that the handler throws pass through.
 */
export async function runCommand(
  command: Parameters<typeof runSafely>[0],
  argv: readonly string[],
  help: (look: Look) => string,
): Promise<number> {
  const page = () => help(lookOf(process.stdout));
  setDefaultHelpFormatter({ formatCommand: page, formatSubcommands: page });
  const result = await runSafely(command, [...argv]);
  if (result._tag === 'ok') return Number(result.value);
  const { message, into, exitCode } = result.error.config;
  if (into === 'stdout') writeOut(message);
  else complain(message);
  return exitCode;
}
