import process from 'node:process';
import { command, option, optional, restPositionals, string } from 'cmd-ts';
import { ConfigError } from '../config/error.ts';
import { loadSettings } from '../config/load.ts';
import { validateFlags } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { validateHelp } from './help.ts';
import { runCommand, versionLine } from './run.ts';
import { lookOf, writeOut } from './terminal.ts';
import { validateFiles } from './validate.ts';

/** `conductor-loop validate FILE...`: gives the exit code. Throws ConfigError. */
export function validate(args: readonly string[]): Promise<number> {
  const value = (long: string) => option({ long, type: optional(string) });
  const validateCommand = command({
    name: 'validate',
    version: versionLine(),
    args: {
      config: value('config'),
      'max-file-size': value('max-file-size'),
      'max-replicas': value('max-replicas'),
      'system-namespaces': value('system-namespaces'),
      files: restPositionals({ type: string }),
    },
    handler: ({ files, config, ...flags }) => {
      if (files.length === 0) throw new ConfigError(['validate needs a file: validate FILE...']);
      const { settings } = loadSettings({
        flags,
        configPath: config,
        environment: process.env,
        directory: process.cwd(),
      });
      return validateFiles(files, settings, writeOut, lookOf(process.stdout).colour);
    },
  });
  return runCommand(validateCommand, normaliseFlags(args, validateFlags()).argv, validateHelp);
}
