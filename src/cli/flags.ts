import { settingInfos } from '../config/schema.ts';
import { flagOf } from '../config/setting.ts';
import type { FlagMeaning, FlagTable } from './go-flags.ts';

/** A flag that is no setting of its own: how it is written in help, and what it does. */
export type GeneralFlag = { name: string; placeholder: string; description: string };

/** Every command, in the order of help. */
export const commandNames = [
  'status',
  'top',
  'show',
  'retry',
  'validate',
  'porch',
  'help',
] as const;

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

/** Settings that `validate` applies too. */
export const checkSettings: readonly string[] = [
  'max_file_size',
  'max_replicas',
  'system_namespaces',
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

/** The flags of `conductor-loop validate`. */
export function validateFlags(): FlagTable {
  const infos = settingInfos.filter(({ key }) => checkSettings.includes(key));
  return {
    flags: new Map([
      ...infos.map((info) => [info.flag, settingFlag(info)] as const),
      ['config', generalFlag('config')] as const,
      ...stops,
    ]),
    refuseArgument: null,
  };
}

/** What a command that works on the spool takes, beside `-config`, `-version` and `-help`. */
export type SpoolCommand = {
  name: string;
  /** As it is written, such as `status [flags]`. */
  usage: string;
  description: string;
  /** Settings that it goes by. */
  settings: readonly string[];
  own: readonly GeneralFlag[];
  /** Whether it takes names of intents. */
  takesNames: boolean;
  exitCodes: readonly { term: string; meaning: string }[];
};

/** The flags of a command that works on the spool. */
export function spoolFlags({ name, settings, own, takesNames }: SpoolCommand): FlagTable {
  const infos = settingInfos.filter(({ key }) => settings.includes(key));
  return {
    flags: new Map([
      ...infos.flatMap((info) =>
        [info.key, ...info.aliases].map((key) => [flagOf(key), settingFlag(info)] as const),
      ),
      ...own.map((flag) => [flag.name, { kind: 'flag', ...flag }] as const),
      ['config', generalFlag('config')] as const,
      ...stops,
    ]),
    refuseArgument: takesNames
      ? null
      : (argument) => `unexpected argument ${JSON.stringify(argument)}; ${name} takes flags only`,
  };
}

/** The flags of `conductor-loop porch`, which are those of any porch. */
export const porchFlags: FlagTable = {
  flags: new Map<string, FlagMeaning>([
    ['intent', { kind: 'flag', name: 'intent', placeholder: 'FILE' }],
    ['out', { kind: 'flag', name: 'out', placeholder: 'DIR' }],
    ['structured', { kind: 'flag', name: 'structured', placeholder: '' }],
    ...stops,
  ]),
  refuseArgument: (argument) => `unexpected argument ${JSON.stringify(argument)}`,
};

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
