import process from 'node:process';
import { command, option, optional, restPositionals, string } from 'cmd-ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { versionLine } from '../version.ts';
import { type CommandDescription, commandFlags, settingsOf } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { commandHelp } from './help.ts';
import { runCommand } from './run.ts';

/** What was given on the command line, by name without dashes. */
export type GivenFlags = Readonly<Record<string, string | undefined>>;

/**
 * Runs a command that goes by settings, and by flags of its own, with what was given of them and its
 * other arguments. Gives the exit code. Throws ConfigError.
 */
export function runSettingsCommand(
  described: CommandDescription,
  args: readonly string[],
  run: (given: GivenFlags, operands: readonly string[]) => Promise<number>,
): Promise<number> {
  const ofSettings = settingsOf(described).map(({ flag }) => flag);
  const names = ['config', ...ofSettings, ...described.own.map(({ name }) => name)];
  const flags = Object.fromEntries(
    names.map((long) => [long, option({ long, type: optional(string) })] as const),
  );
  const definition = command({
    name: described.name,
    version: versionLine(),
    args: { ...flags, operands: restPositionals({ type: string }) },
    handler: ({ operands, ...given }) => run(given, operands),
  });
  const { argv } = normaliseFlags(args, commandFlags(described));
  return runCommand(definition, argv, (look) => commandHelp(described, look));
}

/** The settings, from where the main command has them. Throws ConfigError. */
export function settingsFrom({ config, ...flags }: GivenFlags): Settings {
  const { settings } = loadSettings({
    flags,
    configPath: config,
    environment: process.env,
    directory: process.cwd(),
  });
  return settings;
}
