import { statSync } from 'node:fs';
import type { Settings } from '../config/settings.ts';
import { problemOf } from '../inspect/overview.ts';
import { errnoOf } from '../platform/index.ts';
import type { CommandDescription } from './flags.ts';
import { type GivenFlags, runSettingsCommand, settingsFrom } from './settings-command.ts';
import { complain } from './terminal.ts';

/** Exit code where a spool cannot be read or changed. */
export const exitUnusable = 2;

/**
 * Runs a command that works on the spool as it lies there: `prepare` reads what was given, and what it
 * gives back does the work. Gives the exit code: 2 where the handoff directory cannot be used. Throws
 * ConfigError.
 */
export function runSpoolCommand(
  described: CommandDescription,
  args: readonly string[],
  prepare: (given: GivenFlags, names: readonly string[]) => (settings: Settings) => Promise<number>,
): Promise<number> {
  return runSettingsCommand(described, args, async (given, names) => {
    const run = prepare(given, names);
    const settings = settingsFrom(given);
    const { handoff } = settings;
    try {
      if (statSync(handoff).isDirectory()) return await run(settings);
      complain(
        `handoff directory ${handoff} is a file, not a directory; name another with -handoff`,
      );
    } catch (error) {
      const problem = problemOf(`handoff directory ${handoff}`, error);
      complain(errnoOf(error) === 'ENOENT' ? `${problem}; name another with -handoff` : problem);
    }
    return exitUnusable;
  });
}
