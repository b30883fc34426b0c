import { basename } from 'node:path';
import { ConfigError } from '../config/error.ts';
import { errorCodes } from '../intent/codes.ts';
import { isIntentName } from '../intent/names.ts';
import { readSwitch } from './flag-values.ts';
import type { CommandDescription } from './flags.ts';
import { type RetryOptions, retryFailed } from './retry.ts';
import type { GivenFlags } from './settings-command.ts';
import { runSpoolCommand } from './spool-command.ts';

export const retryDescription: CommandDescription = {
  name: 'retry',
  usage: 'retry NAME...|--all|--code CODE [flags]',
  description:
    'puts failed intents back into the handoff directory, each under its own name and never over another file, and removes their error logs. Instances may run meanwhile or not. With names and a code it takes the named ones that failed with that code.',
  settings: ['handoff'],
  own: [
    {
      name: 'all',
      placeholder: '',
      description: 'All whose failure is the latest that happened to their name (default false).',
    },
    {
      name: 'code',
      placeholder: 'CODE,...',
      description: 'Only what failed with one of these error codes, such as E007.',
    },
    {
      name: 'dry-run',
      placeholder: '',
      description: 'Only say what would be done (default false).',
    },
  ],
  operands: 'intents',
  exitCodes: [
    { term: '0', meaning: 'everything that was asked for is put back, or nothing failed so' },
    { term: '1', meaning: 'the command line or the configuration is at fault' },
    { term: '2', meaning: 'the spool cannot be used' },
    { term: '8', meaning: 'something that was asked for is not there or could not be put back' },
  ],
};

/** `conductor-loop retry`: gives the exit code. Throws ConfigError. */
export function retry(args: readonly string[]): Promise<number> {
  return runSpoolCommand(retryDescription, args, (given, names) => {
    const options = readOptions(given, names);
    return (settings) => retryFailed(settings, options);
  });
}

function readOptions(given: GivenFlags, names: readonly string[]): RetryOptions {
  const all = readSwitch('all', given.all);
  const codes = given.code === undefined ? null : readCodes(given.code);
  if (names.length === 0 && !all && codes === null) {
    throw new ConfigError([
      'retry needs to know what: retry NAME..., retry --all or retry --code E007',
    ]);
  }
  if (names.length > 0 && all) {
    throw new ConfigError(['retry takes names or --all, not both']);
  }
  const problems = names.filter((name) => !isIntentName(basename(name)));
  if (problems.length > 0) {
    throw new ConfigError(
      problems.map(
        (name) => `${JSON.stringify(name)} is not the name of an intent (intent-*.json)`,
      ),
    );
  }
  const dryRun = readSwitch('dry-run', given['dry-run']);
  return { names: names.map((name) => basename(name)), codes, dryRun };
}

function readCodes(text: string): Set<string> {
  const codes = text.split(',').map((code) => code.trim().toUpperCase());
  const unknown = codes.filter((code) => !Object.hasOwn(errorCodes, code));
  if (unknown.length === 0) return new Set(codes);
  throw new ConfigError(
    unknown.map(
      (code) => `flag --code: ${JSON.stringify(code)} is no error code; they are E001 to E016`,
    ),
  );
}
