import { settingInfos } from '../config/schema.ts';
import { flagOf, type SettingInfo } from '../config/setting.ts';
import type { FlagMeaning, FlagTable } from './go-flags.ts';

/** A flag that is no setting of its own: how it is written in help, and what it does. */
export type GeneralFlag = { name: string; placeholder: string; description: string };

/** Every command, in the order of help: how it is written, and what it does. */
export const commands = [
  { name: 'status', usage: 'status', summary: 'what runs, waits and failed' },
  { name: 'top', usage: 'top', summary: 'the same, drawn live' },
  { name: 'health', usage: 'health', summary: 'ask whether a running instance is well' },
  { name: 'show', usage: 'show NAME', summary: 'the whole story of one intent' },
  { name: 'retry', usage: 'retry NAME|--all|--code C', summary: 'put failed intents back' },
  { name: 'validate', usage: 'validate FILE...', summary: 'say what is wrong with intent files' },
  { name: 'porch', usage: 'porch -intent F -out D', summary: 'write the package of one intent' },
  { name: 'completion', usage: 'completion SHELL', summary: 'print completions for a shell' },
  { name: 'man', usage: 'man', summary: 'print the manual page' },
  { name: 'help', usage: 'help [COMMAND]', summary: 'this page, or that of a command' },
] as const;

export const commandNames = commands.map(({ name }) => name);

/** The shells that `completion` knows. */
export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;

/** The flags that stand for actions or name the configuration file. */
export const generalFlags: readonly GeneralFlag[] = [
  {
    name: 'config',
    placeholder: 'FILE',
    description: 'JSON configuration file; also CONDUCTOR_CONFIG.',
  },
  {
    name: 'validate-config',
    placeholder: '',
    description: 'Print every setting with where it came from, check it, exit.',
  },
  { name: 'version', placeholder: '', description: 'Print the version, exit.' },
  { name: 'help', placeholder: '', description: 'Print this, exit; also -h.' },
];

// Flags of the earlier program, whose command lines still start this one.
const earlierFlags: readonly (readonly [string, FlagMeaning])[] = [
  ['batch-size', unneeded('intents are taken one by one as workers become free')],
  ['batch-interval', unneeded('intents are taken one by one as workers become free')],
  ['use-processor', unneeded('there is only one way to process intents', true)],
  [
    'error-dir',
    unneeded('refused and failed intents are filed in failed/ of the handoff directory'),
  ],
  ['schema', unneeded('the intent schema is part of the program')],
  [
    'porch-url',
    {
      kind: 'refused',
      because:
        'porch is run as a program and has no URL; name the executable with -porch, or use -porch builtin',
    },
  ],
];

const stops: readonly (readonly [string, FlagMeaning])[] = [
  ['h', { kind: 'stop', name: 'help' }],
  ['help', { kind: 'stop', name: 'help' }],
  ['version', { kind: 'stop', name: 'version' }],
];

/** The flags of `conductor-loop` without a command: every setting, and those of the Go program. */
export function watchFlags(): FlagTable {
  return {
    flags: new Map([
      ...settingInfos.flatMap((info) =>
        [info.key, ...info.aliases].map((key) => [flagOf(key), settingFlag(info)] as const),
      ),
      ...['config', 'validate-config'].map((name) => [name, generalFlag(name)] as const),
      ...stops,
      ...earlierFlags,
    ]),
    refuseArgument: (argument) =>
      ['true', 'false'].includes(argument)
        ? `unexpected argument ${JSON.stringify(argument)}; a switch takes its value with =, as in -once=${argument}`
        : `unexpected argument ${JSON.stringify(argument)}; commands (${commandNames.join(', ')}) come first, and everything else is a flag`,
  };
}

/** What a command is and takes, beside `-version` and `-help`. */
export type CommandDescription = {
  name: string;
  /** As it is written, such as `status [flags]`. */
  usage: string;
  description: string;
  /** Settings that it goes by, and that it finds as the main command does; null where it has none. */
  settings: readonly string[] | null;
  own: readonly GeneralFlag[];
  /** What its arguments beside flags are. */
  operands: 'none' | 'intents' | 'files' | 'shell';
  exitCodes: readonly { term: string; meaning: string }[];
};

/** The settings that a command goes by, in the order of their declaration. */
export function settingsOf({ settings }: CommandDescription): readonly SettingInfo[] {
  return settingInfos.filter(({ key }) => settings?.includes(key));
}

/** The flags of a command. */
export function commandFlags(described: CommandDescription): FlagTable {
  const { name, settings, own, operands } = described;
  const general = settings === null ? [] : (['config'] as const);
  return {
    flags: new Map([
      ...settingsOf(described).flatMap((info) =>
        [info.key, ...info.aliases].map((key) => [flagOf(key), settingFlag(info)] as const),
      ),
      ...own.map((flag) => [flag.name, { kind: 'flag', ...flag }] as const),
      ...general.map((flag) => [flag, generalFlag(flag)] as const),
      ...stops,
    ]),
    refuseArgument:
      operands === 'none'
        ? (argument) => `unexpected argument ${JSON.stringify(argument)}; ${name} takes flags only`
        : null,
  };
}

function settingFlag(info: { flag: string; isSwitch: boolean; placeholder: string }): FlagMeaning {
  return { kind: 'flag', name: info.flag, placeholder: info.isSwitch ? '' : info.placeholder };
}

function generalFlag(name: string): FlagMeaning {
  const placeholder = generalFlags.find((flag) => flag.name === name)?.placeholder ?? '';
  return { kind: 'flag', name, placeholder };
}

function unneeded(because: string, isSwitch = false): FlagMeaning {
  return { kind: 'unneeded', isSwitch, because };
}
