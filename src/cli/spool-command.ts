import { command, option, optional, restPositionals, string } from 'cmd-ts';
import { ConfigError } from '../config/error.ts';
import type { Settings } from '../config/settings.ts';
import { type CommandDescription, commandFlags, settingsOf } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { commandHelp } from './help.ts';
import { type GivenFlags, onSpool } from './on-spool.ts';
import { runCommand, versionLine } from './run.ts';

/**
 * Runs a command that works on the spool as it lies there: `prepare` reads what was given, and what it
 * gives back does the work. Gives the exit code. Throws ConfigError.
 */
export function runSpoolCommand(
  described: CommandDescription,
  args: readonly string[],
  prepare: (given: GivenFlags, names: readonly string[]) => (settings: Settings) => Promise<number>,
): Promise<number> {
  const ofSettings = settingsOf(described).map(({ flag }) => flag);
  const names = ['config', ...ofSettings, ...described.own.map(({ name }) => name)];
  const flags = Object.fromEntries(
    names.map((long) => [long, option({ long, type: optional(string) })] as const),
  );
  const definition = command({
    name: described.name,
    version: versionLine(),
    args: { ...flags, names: restPositionals({ type: string }) },
    handler: ({ names: intents, ...given }) => onSpool(given, prepare(given, intents)),
  });
  const { argv } = normaliseFlags(args, commandFlags(described));
  return runCommand(definition, argv, (look) => commandHelp(described, look));
}

/** A flag's whole number. Throws ConfigError. */
export function readNumber(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (/^\d{1,4}$/.test(value)) return Number(value);
  throw new ConfigError([
    `flag --${name}: ${JSON.stringify(value)} is not allowed: expected a whole number from 0 to 9999`,
  ]);
}
