import { command, option, optional, string } from 'cmd-ts';
import { ConfigError } from '../config/error.ts';
import { versionLine } from '../version.ts';
import { readSwitch } from './flag-values.ts';
import { type CommandDescription, commandFlags } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { commandHelp } from './help.ts';
import { porchCommand } from './porch.ts';
import { runCommand } from './run.ts';

export const porchDescription: CommandDescription = {
  name: 'porch',
  usage: 'porch -intent FILE -out DIR',
  description:
    'writes the kpt package for one intent, as -porch builtin does for each, and prints what it made.',
  settings: null,
  own: [
    { name: 'intent', placeholder: 'FILE', description: 'The intent.' },
    { name: 'out', placeholder: 'DIR', description: 'Where the package is written.' },
    {
      name: 'structured',
      placeholder: '',
      description: 'Print one JSON object instead of a line (default false).',
    },
  ],
  operands: 'none',
  exitCodes: [
    { term: '0', meaning: 'the package is written' },
    { term: 'other', meaning: 'it is not; standard error says why' },
  ],
};

/** `conductor-loop porch -intent FILE -out DIR`: gives the exit code. Throws ConfigError. */
export function porch(args: readonly string[]): Promise<number> {
  const value = (long: string) => option({ long, type: optional(string) });
  const definition = command({
    name: 'porch',
    version: versionLine(),
    args: { intent: value('intent'), out: value('out'), structured: value('structured') },
    handler: ({ intent, out, structured }) => {
      if (intent === undefined || out === undefined) {
        throw new ConfigError(['porch needs both: porch -intent FILE -out DIR']);
      }
      return porchCommand({ intent, out, structured: readSwitch('structured', structured) });
    },
  });
  const { argv } = normaliseFlags(args, commandFlags(porchDescription));
  return runCommand(definition, argv, (look) => commandHelp(porchDescription, look));
}
