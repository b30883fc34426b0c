import process from 'node:process';
import { ConfigError } from '../config/error.ts';
import { isAllowed } from '../platform/deno.ts';
import { commandNames } from './flags.ts';
import { complain, endQuietlyWhenUnread, writeOut } from './terminal.ts';

/**
 * Runs the command line (without the names of runtime and script) and gives the exit code. Whatever
 * goes wrong on the way is said in one line each on standard error.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  endQuietlyWhenUnread();
  if (!isAllowed('env')) {
    // How a complaint is written depends on the environment.
    process.stderr.write(
      'conductor-loop: Deno must let it read the environment: add --allow-env (docs/install.md lists all that it needs)\n',
    );
    return 1;
  }
  try {
    return await dispatch(args);
  } catch (error) {
    const lines =
      error instanceof ConfigError
        ? error.lines
        : [error instanceof Error ? error.message : String(error)];
    for (const line of lines) complain(line);
    return 1;
  }
}

/** Each command is loaded when it is asked for, so that none pays for the others. */
async function dispatch(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  switch (name) {
    case 'validate':
      return (await import('./validate-command.ts')).validate(rest);
    case 'status':
      return (await import('./status-command.ts')).status(rest);
    case 'top':
      return (await import('./top-command.ts')).top(rest);
    case 'health':
      return (await import('./health-command.ts')).health(rest);
    case 'show':
      return (await import('./show-command.ts')).show(rest);
    case 'retry':
      return (await import('./retry-command.ts')).retry(rest);
    case 'porch':
      return (await import('./porch-command.ts')).porch(rest);
    case 'completion':
      return (await import('./completion-command.ts')).completion(rest);
    case 'man':
      return (await import('./man-command.ts')).man(rest);
    case '-version':
    case '--version':
      writeOut((await import('../version.ts')).versionLine());
      return 0;
    case 'help':
      return help(rest);
    default:
      return (await import('./watch.ts')).watch(args);
  }
}

function help([about]: readonly string[]): Promise<number> {
  if (about === undefined || about === 'help') return dispatch(['-help']);
  if (commandNames.some((name) => name === about)) return dispatch([about, '-help']);
  throw new ConfigError([
    `there is no command ${JSON.stringify(about)}; commands are ${commandNames.join(', ')}`,
  ]);
}
