import { askHealth, type Health, urlOf } from '../inspect/health.ts';
import { readChoice, readDuration } from './flag-values.ts';
import type { CommandDescription } from './flags.ts';
import { runSettingsCommand, settingsFrom } from './settings-command.ts';
import { complain, writeOut } from './terminal.ts';

/** What can be asked, and by which path of the health port. */
const paths = { live: '/livez', ready: '/readyz', startup: '/startup', all: '/health' } as const;

const kinds = ['live', 'ready', 'startup', 'all'] as const;
type Kind = (typeof kinds)[number];

/** What supervisors do where the answer is no is a restart, and that helps only there. */
const usualKind: Kind = 'live';

/** A machine that is busy is no reason for a restart. */
const usualTimeout = '5s';

export const healthDescription: CommandDescription = {
  name: 'health',
  usage: 'health [flags]',
  description:
    'asks the health port of the instance that runs on this host, and says in one line what it answers: for the health check of a container, which has neither shell nor curl. It reads nothing of the spool. The port must be open (-http), and is found by the settings of the main command: what says it on the command line there has to be said here, too.',
  settings: ['health_port', 'bind_address'],
  own: [
    {
      name: 'check',
      placeholder: kinds.join('|'),
      description: `What to ask: live is whether a restart would help, ready whether intents are taken, startup whether the start is over, all these three (default ${usualKind}).`,
    },
    {
      name: 'timeout',
      placeholder: 'DURATION',
      description: `How long to wait for the answer, at least 100ms (default ${usualTimeout}).`,
    },
  ],
  operands: 'none',
  exitCodes: [
    { term: '0', meaning: 'it says yes' },
    {
      term: '1',
      meaning: 'it says no, nobody answers, or the command line or the configuration is at fault',
    },
  ],
};

/** `conductor-loop health`: gives the exit code. Throws ConfigError. */
export function health(args: readonly string[]): Promise<number> {
  return runSettingsCommand(healthDescription, args, async (given) => {
    const kind = readChoice('check', given.check ?? usualKind, kinds);
    const timeoutMs = readDuration('timeout', given.timeout ?? usualTimeout);
    const { http } = settingsFrom(given);
    if (http.healthPort === 0) {
      complain('health_port is 0, so the system chose the port: name it with -health-port');
      return 1;
    }
    const answer = await askHealth(urlOf(http, paths[kind]), timeoutMs);
    if (answer.state === 'pass') writeOut(`${kind}: yes, ${answer.message} at ${answer.url}`);
    else complain(`${kind}: no, ${reasonOf(answer)}`);
    return answer.state === 'pass' ? 0 : 1;
  });
}

function reasonOf({ state, url, message, checks }: Health): string {
  if (state === 'unknown') {
    return `${url}: ${message}; is it started with -http, and with this port and address?`;
  }
  const failed = checks.filter((check) => check.state === 'fail');
  return `${message} at ${url}: ${failed.map((one) => `${one.name}: ${one.message}`).join('; ')}`;
}
