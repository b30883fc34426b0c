import process from 'node:process';
import type { Settings } from '../config/settings.ts';
import { Observer } from '../inspect/overview.ts';
import { readDuration, readNumber, readSwitch } from './flag-values.ts';
import type { CommandDescription, GeneralFlag } from './flags.ts';
import { repeat } from './repeat.ts';
import { exitUnusable, runSpoolCommand } from './spool-command.ts';
import { statusPage } from './status-page.ts';
import { lookOf, writeOut } from './terminal.ts';

/** What `status` and `top` have in common. */
export const statusSettings = [
  'handoff',
  'lease_ttl',
  'http',
  'metrics_enabled',
  'health_port',
  'bind_address',
];

export const usualInterval = '2s';

export const intervalFlag: GeneralFlag = {
  name: 'interval',
  placeholder: 'DURATION',
  description: `Time between two looks, at least 100ms (default ${usualInterval}).`,
};

export const statusExitCodes = [
  {
    term: '0',
    meaning: 'the spool can be read and nothing is wrong, whether an instance runs or not',
  },
  { term: '1', meaning: 'the command line or the configuration is at fault' },
  {
    term: '2',
    meaning:
      'the spool cannot be read, an instance is dead or silent, or the health port says no or nothing',
  },
];

export const statusDescription: CommandDescription = {
  name: 'status',
  usage: 'status [flags]',
  description:
    'says what runs, what waits, what failed last and why, how much is done, and how healthy it is. It reads the handoff directory, whether an instance runs or not, and disturbs none.',
  settings: statusSettings,
  own: [
    { name: 'json', placeholder: '', description: 'Print one JSON object (default false).' },
    {
      name: 'watch',
      placeholder: '',
      description: 'Say it again and again until a signal comes (default false).',
    },
    intervalFlag,
    {
      name: 'failures',
      placeholder: 'NUMBER',
      description: 'How many of the last failures to tell (default 5).',
    },
  ],
  operands: 'none',
  exitCodes: statusExitCodes,
};

/** How `status` tells what it sees. */
export type StatusOptions = { json: boolean; watch: boolean; intervalMs: number; failures: number };

/** `conductor-loop status`: gives the exit code. Throws ConfigError. */
export function status(args: readonly string[]): Promise<number> {
  return runSpoolCommand(statusDescription, args, (given) => {
    const options = {
      json: readSwitch('json', given.json),
      watch: readSwitch('watch', given.watch),
      intervalMs: readDuration('interval', given.interval ?? usualInterval),
      failures: readNumber('failures', given.failures, 5),
    };
    return (settings) => tellStatus(settings, options);
  });
}

/** Tells the status once or, with `watch`, again and again. Throws errno errors. */
export function tellStatus(settings: Settings, options: StatusOptions): Promise<number> {
  const { json, watch, intervalMs, failures } = options;
  const observer = new Observer(settings, failures);
  let isFirst = true;
  const tell = async () => {
    const overview = await observer.look();
    if (json) {
      writeOut(JSON.stringify(overview, null, watch ? 0 : 2));
    } else {
      if (!isFirst) writeOut('');
      for (const line of statusPage(overview, lookOf(process.stdout))) writeOut(line);
    }
    isFirst = false;
    return overview.ok ? 0 : exitUnusable;
  };
  return watch ? repeat(intervalMs, tell) : tell();
}
