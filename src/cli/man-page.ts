import { settingInfos } from '../config/schema.ts';
import { groups, type SettingInfo } from '../config/setting.ts';
import { version } from '../version.ts';
import { descriptions } from './descriptions.ts';
import { type CommandDescription, commands, generalFlags, settingsOf } from './flags.ts';
import { about, type Entry, examples, exitCodes, groupsOf, notation } from './help.ts';

const files: readonly Entry[] = [
  { term: 'handoff/intent-*.json', meaning: 'Intents, dropped by anyone who may write there.' },
  {
    term: 'handoff/processed/, handoff/failed/',
    meaning: 'What is done; beside each failed intent an error log.',
  },
  { term: 'handoff/status/NAME.status', meaning: 'The latest report for a name, in JSON.' },
  {
    term: 'handoff/.conductor-state.*',
    meaning: 'What was done: removed by no one while the intents may come again.',
  },
  {
    term: '/etc/conductor-loop/config.json',
    meaning: 'Settings of the service that install.sh makes.',
  },
  { term: '/var/lib/conductor-loop', meaning: 'Its handoff and out directories.' },
];

const signals: readonly Entry[] = [
  { term: 'SIGTERM, SIGINT', meaning: 'Stop within shutdown_grace; a second one stops at once.' },
  { term: 'SIGHUP', meaning: 'Read the configuration file again.' },
];

/** The manual page in the language of man(7), of the same definitions as help. */
export function manPage(): string {
  return [
    `.TH CONDUCTOR-LOOP 1 "" "conductor-loop ${version}" "User Commands"`,
    '.SH NAME',
    'conductor-loop \\- runs Porch once for each intent file in a directory',
    '.SH SYNOPSIS',
    ...['[flags]', ...commands.map(({ usage }) => usage)].flatMap((form, index) => [
      ...(index === 0 ? [] : ['.br']),
      `.B conductor\\-loop\n${text(form)}`,
    ]),
    '.SH DESCRIPTION',
    text(about),
    'A file is moved, never copied: where it is says what became of it. Each outcome is on disk before the',
    'file is moved, so that nothing is lost and nothing that is finished is run again, whatever stops the',
    'program.',
    '.PP',
    text(notation),
    '.SH COMMANDS',
    ...descriptions.flatMap(commandSection),
    '.SH OPTIONS',
    ...entries(generalFlags.map(ownEntry)),
    ...settingSections(settingInfos.filter(({ built }) => built)),
    '.SS Accepted, but without effect so far',
    ...settingInfos.filter(({ built }) => !built).flatMap((info) => entries([settingEntry(info)])),
    '.SH EXIT STATUS',
    ...entries(exitCodes),
    '.SH SIGNALS',
    ...entries(signals),
    '.SH FILES',
    ...entries(files),
    '.SH EXAMPLES',
    ...entries(examples),
    '.SH SEE ALSO',
    '.BR systemctl (1),',
    '.BR journalctl (1)',
    '',
  ].join('\n');
}

function commandSection(described: CommandDescription): string[] {
  const flags = [...described.own.map(ownEntry), ...settingsOf(described).map(settingEntry)];
  return [
    `.SS ${text(`conductor-loop ${described.usage}`)}`,
    text(`It ${described.description}`),
    ...entries(flags),
    '.PP',
    'Exit status:',
    ...entries(described.exitCodes),
  ];
}

function settingSections(infos: readonly SettingInfo[]): string[] {
  return groupsOf(infos).flatMap((group) => [
    `.SS ${text(groups[group])}`,
    ...entries(infos.filter((info) => info.group === group).map(settingEntry)),
  ]);
}

function ownEntry({ name, placeholder, description }: (typeof generalFlags)[number]): Entry {
  return { term: `--${name} ${placeholder}`.trimEnd(), meaning: description };
}

function settingEntry({ flag, placeholder, description, defaultShown }: SettingInfo): Entry {
  return {
    term: `--${flag} ${placeholder}`.trimEnd(),
    meaning: `${description} Default: ${defaultShown === '' ? 'empty' : defaultShown}.`,
  };
}

function entries(list: readonly Entry[]): string[] {
  return list.flatMap(({ term, meaning }) => ['.TP', `.B ${text(term)}`, text(meaning)]);
}

/** A hyphen would be set as one and not be found as a minus; a dot or a quote at the beginning of a line is a request. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^[.']/, '\\&$&');
}
