import process from 'node:process';
import { command, option, optional, restPositionals, string } from 'cmd-ts';
import { ConfigError } from '../config/error.ts';
import { loadSettings } from '../config/load.ts';
import { versionLine } from '../version.ts';
import { type CommandDescription, commandFlags } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { commandHelp } from './help.ts';
import { runCommand } from './run.ts';
import { lookOf, writeOut } from './terminal.ts';
import { validateFiles } from './validate.ts';

export const validateDescription: CommandDescription = {
  name: 'validate',
  usage: 'validate FILE...',
  description:
    'says for each intent file whether it would be accepted, and else what is wrong, where, and how to mend it. Nothing is run and nothing is moved.',
  settings: ['max_file_size', 'max_replicas', 'system_namespaces'],
  own: [],
  operands: 'files',
  exitCodes: [
    { term: '0', meaning: 'all would be accepted' },
    { term: '1', meaning: 'the command line or the configuration is at fault' },
    { term: '8', meaning: 'at least one would be refused' },
  ],
};

/** `conductor-loop validate FILE...`: gives the exit code. Throws ConfigError. */
export function validate(args: readonly string[]): Promise<number> {
  const value = (long: string) => option({ long, type: optional(string) });
  const definition = command({
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
  const { argv } = normaliseFlags(args, commandFlags(validateDescription));
  return runCommand(definition, argv, (look) => commandHelp(validateDescription, look));
}
