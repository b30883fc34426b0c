import process from 'node:process';
import { command, restPositionals, string } from 'cmd-ts';
import { versionLine } from '../version.ts';
import { type CommandDescription, commandFlags } from './flags.ts';
import { normaliseFlags } from './go-flags.ts';
import { commandHelp } from './help.ts';
import { runCommand } from './run.ts';

/** Runs a command that only prints a text about the program itself. Gives the exit code. Throws ConfigError. */
export function runPrinter(
  described: CommandDescription,
  args: readonly string[],
  textFor: (operands: readonly string[]) => string,
): Promise<number> {
  const definition = command({
    name: described.name,
    version: versionLine(),
    args: { operands: restPositionals({ type: string }) },
    handler: ({ operands }) => {
      process.stdout.write(textFor(operands));
      return 0;
    },
  });
  const { argv } = normaliseFlags(args, commandFlags(described));
  return runCommand(definition, argv, (look) => commandHelp(described, look));
}
