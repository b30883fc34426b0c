import { statSync } from 'node:fs';
import process from 'node:process';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { problemOf } from '../inspect/overview.ts';
import { errnoOf } from '../platform/index.ts';
import { complain } from './terminal.ts';

/** Exit code where a spool cannot be read or changed. */
export const exitUnusable = 2;

/** What was given on the command line, by name without dashes. */
export type GivenFlags = Readonly<Record<string, string | undefined>>;

/**
 * Runs a command that works on the spool as it lies there, with settings from where the main command
 * has them, and gives its exit code: 2 where the handoff directory cannot be used. Throws ConfigError.
 */
export async function onSpool(
  { config, ...flags }: GivenFlags,
  run: (settings: Settings) => Promise<number>,
): Promise<number> {
  const { settings } = loadSettings({
    flags,
    configPath: config,
    environment: process.env,
    directory: process.cwd(),
  });
  const { handoff } = settings;
  try {
    if (statSync(handoff).isDirectory()) return await run(settings);
    complain(`handoff directory ${handoff} is a file, not a directory; name another with -handoff`);
  } catch (error) {
    const problem = problemOf(`handoff directory ${handoff}`, error);
    complain(errnoOf(error) === 'ENOENT' ? `${problem}; name another with -handoff` : problem);
  }
  return exitUnusable;
}
