import { command, option, optional, string } from 'cmd-ts';
import { ConfigError } from '../config/error.ts';
import { porchFlags } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { porchHelp } from './help.ts';
import { porchCommand } from './porch.ts';
import { readSwitch, runCommand, versionLine } from './run.ts';

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
  return runCommand(definition, normaliseFlags(args, porchFlags).argv, porchHelp);
}
