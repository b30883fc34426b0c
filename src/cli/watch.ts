import process from 'node:process';
import { command, option, optional, string } from 'cmd-ts';
import { checkPaths } from '../config/check.ts';
import { ConfigError } from '../config/error.ts';
import { configFileOf, loadSettings } from '../config/load.ts';
import { settingInfos } from '../config/schema.ts';
import { outliveHangups } from '../signals.ts';
import { version, versionLine } from '../version.ts';
import { readSwitch } from './flag-values.ts';
import { watchFlags } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { watchHelp } from './help.ts';
import { runCommand } from './run.ts';
import { showConfig } from './show-config.ts';

/** `conductor-loop [flags]`: gives the exit code. Throws ConfigError. */
export function watch(args: readonly string[]): Promise<number> {
  const { argv, warnings } = normaliseFlags(args, watchFlags());
  const names = ['config', 'validate-config', ...settingInfos.map((info) => info.flag)];
  const watchCommand = command({
    name: 'conductor-loop',
    version: versionLine(),
    args: Object.fromEntries(
      names.map((long) => [long, option({ long, type: optional(string) })] as const),
    ),
    handler: (flags) => start(flags, warnings),
  });
  return runCommand(watchCommand, argv, watchHelp);
}

async function start(
  flags: Readonly<Record<string, string | undefined>>,
  flagWarnings: readonly string[],
): Promise<number> {
  const onlyShow = readSwitch('validate-config', flags['validate-config']);
  // A wish to read what is being read for the first time must not end the program.
  if (!onlyShow) outliveHangups();
  const sources = {
    flags,
    configPath: flags.config,
    environment: process.env,
    directory: process.cwd(),
  };
  const loaded = loadSettings(sources);
  const warnings = [...flagWarnings, ...loaded.warnings];
  if (onlyShow) return showConfig(loaded, warnings);
  const problems = checkPaths(loaded.settings);
  if (problems.length > 0) throw new ConfigError(problems);
  // Loaded only here: -version, -help and mistakes are answered without the whole program.
  const { runConductor } = await import('../conductor.ts');
  const source = {
    file: configFileOf(sources),
    surroundings: sources,
    load: () => loadSettings(sources),
  };
  return runConductor(loaded, { warnings, version, source });
}
