import { settingInfos } from '../config/schema.ts';
import { type Group, groups, type SettingInfo } from '../config/setting.ts';
import { type CommandDescription, commands, generalFlags, settingsOf } from './flags.ts';
import { bold, dim, type Look, wrap } from './terminal.ts';

/** What the program is, in one sentence. */
export const about =
  'conductor-loop watches a directory for intent files, runs Porch once for each, and files the result.';

/** How flags and values are written, and where else settings come from. */
export const notation =
  'Flags may be written -flag or --flag, with a space or = before the value; switches take -flag=false. Every setting is also an environment variable (--porch-timeout is CONDUCTOR_PORCH_TIMEOUT) and a key of the configuration file (porch_timeout). Flags beat the environment, which beats the file. Durations are written 500ms, 30s, 1h30m, sizes 10MB or in bytes.';

/** A line of help: what is written, and what it means. */
export type Entry = { term: string; meaning: string; note?: string };

const flagColumn = 30;

/** Keeps a default together on one line; printed as a space. */
const noBreak = '\u00a0';

const usage: readonly Entry[] = [
  { term: 'conductor-loop [flags]', meaning: 'watch until told to stop' },
  { term: 'conductor-loop -once [flags]', meaning: 'work off what is there, then exit' },
  ...commands.map((one) => ({ term: `conductor-loop ${one.usage}`, meaning: one.summary })),
];

export const examples: readonly Entry[] = [
  { term: 'conductor-loop -porch builtin', meaning: 'try it, no Porch needed' },
  { term: 'conductor-loop -handoff /data/in -out /data/out', meaning: 'directories of its own' },
  { term: 'conductor-loop -once && echo done', meaning: 'in a script or a CI job' },
  { term: 'conductor-loop -config c.json -validate-config', meaning: 'what would it run with?' },
];

export const exitCodes: readonly Entry[] = [
  { term: '0', meaning: 'all done; watching was stopped by a signal' },
  { term: '1', meaning: 'the command line, the configuration or the start is at fault' },
  { term: '2', meaning: 'the state or the file system could not be used' },
  { term: '8', meaning: '-once or validate: at least one intent failed or was refused' },
  { term: '130, 143', meaning: '-once was stopped by a signal before its end (3 on Windows)' },
];

/** The page of `conductor-loop -help`. */
export function watchHelp(look: Look): string {
  const built = settingInfos.filter((info) => info.built);
  const later = settingInfos.filter((info) => !info.built);
  return [
    ...paragraph(about, look),
    ...sectionOf('Usage', usage, 44, look),
    ...sectionOf('Examples', examples, 52, look),
    '',
    ...paragraph(notation, look),
    ...sectionOf(
      'General',
      generalFlags.map(({ name, placeholder, description }) => ({
        term: `--${name} ${placeholder}`.trimEnd(),
        meaning: description,
      })),
      flagColumn,
      look,
    ),
    ...groupsOf(built).flatMap((group) =>
      sectionOf(groups[group], flagEntries(built, group), flagColumn, look),
    ),
    ...sectionOf('Accepted, but not built yet: no effect', [], flagColumn, look),
    ...groupsOf(later).flatMap((group) => entryLines(flagEntries(later, group), flagColumn, look)),
    ...sectionOf('Exit codes', exitCodes, 12, look),
    '',
    ...paragraph(
      'All names of every setting: docs/settings.md. What the program does: README.md.',
      look,
    ),
  ].join('\n');
}

/** The page of a command. */
export function commandHelp(command: CommandDescription, look: Look): string {
  const wanted = settingsOf(command);
  const own = command.own.map(({ name, placeholder, description }) => ({
    term: `--${name} ${placeholder}`.trimEnd(),
    meaning: description,
  }));
  const settings = groupsOf(wanted).flatMap((group) => flagEntries(wanted, group));
  const flags = [...own, ...settings, ...(command.settings === null ? [] : [configEntry()])];
  return [
    ...paragraph(`conductor-loop ${command.usage} ${command.description}`, look),
    ...(flags.length === 0 ? [] : sectionOf('Flags', flags, flagColumn, look)),
    ...sectionOf('Exit codes', command.exitCodes, 12, look),
  ].join('\n');
}

export function groupsOf(infos: readonly SettingInfo[]): Group[] {
  return [...new Set(infos.map((info) => info.group))];
}

function flagEntries(infos: readonly SettingInfo[], group: Group): Entry[] {
  return infos
    .filter((info) => info.group === group)
    .map((info) => ({
      term: `--${info.flag} ${info.placeholder}`.trimEnd(),
      meaning: info.description,
      note: `(default ${info.defaultShown})`.replaceAll(' ', noBreak),
    }));
}

function configEntry(): Entry {
  const config = generalFlags.find((flag) => flag.name === 'config');
  return { term: '--config FILE', meaning: config?.description ?? '' };
}

function paragraph(text: string, look: Look): string[] {
  return wrap(text, look.width);
}

function sectionOf(title: string, entries: readonly Entry[], column: number, look: Look): string[] {
  return ['', bold(title, look), ...entryLines(entries, column, look)];
}

/** Terms on the left, meanings from `column` on; a term that is too long has a line of its own. */
function entryLines(entries: readonly Entry[], column: number, look: Look): string[] {
  return entries.flatMap(({ term, meaning, note = '' }) => {
    const lines = wrap(`${meaning} ${note}`.trimEnd(), look.width - column);
    const first = term.length + 4 > column ? [`  ${term}`] : [];
    return [
      ...first,
      ...lines.map((line, index) => {
        const left = index === 0 && first.length === 0 ? `  ${term}` : '';
        return `${left.padEnd(column)}${note === '' ? line : dimNote(line, look)}`;
      }),
    ];
  });
}

/** The default is less than the meaning. */
function dimNote(line: string, look: Look): string {
  const at = line.indexOf(`(default${noBreak}`);
  const shown = at < 0 ? line : line.slice(0, at) + dim(line.slice(at), look);
  return shown.replaceAll(noBreak, ' ');
}
