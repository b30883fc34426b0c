import * as z from 'zod';
import type { Kind } from './kinds.ts';

/** The topics by which help and documentation group the settings, in their order. */
export const groups = {
  directories: 'Directories',
  porch: 'Porch',
  watching: 'Watching',
  processing: 'Processing and retries',
  limits: 'Limits of intents',
  retention: 'Keeping and removing',
  instances: 'Instances and stopping',
  logging: 'Logs',
  ports: 'Health and metrics ports',
  security: 'Security',
  batches: 'Batches',
} as const;

export type Group = keyof typeof groups;

/** What a setting is declared with. */
export type Declaration = {
  group: Group;
  /** One sentence or two, without the default. */
  description: string;
  /** As it would be written in text. */
  default: string;
  /** How the default is told where it is worked out at the start. */
  defaultShown?: string;
  /** Other keys with the same meaning, from documents of the earlier program. */
  aliases?: readonly string[];
  /** False while the part that the setting belongs to does not exist. */
  built?: false;
  /** True where a running program takes a new value; the others need a restart. */
  reloadable?: true;
};

/** A setting as help, documentation and the loader see it. */
export type SettingInfo = {
  /** Path in the configuration file, such as `retry.max_attempts`. */
  key: string;
  /** Flag without dashes, such as `retry-max-attempts`. */
  flag: string;
  /** Environment variable, such as `CONDUCTOR_RETRY_MAX_ATTEMPTS`. */
  variable: string;
  group: Group;
  description: string;
  default: string;
  defaultShown: string;
  placeholder: string;
  isSwitch: boolean;
  aliases: readonly string[];
  built: boolean;
  reloadable: boolean;
  /** Shows what was given, which the schema has accepted, in its usual notation. */
  format: (given: unknown) => string;
};

type Registered = Omit<SettingInfo, 'key' | 'flag' | 'variable'>;

const registry = z.registry<Registered>();

/** One field of the settings schema: reads values of `kind`, and remembers what it was declared with. */
export function setting<T>(
  kind: Kind<T>,
  declared: Declaration,
): z.ZodPrefault<z.ZodType<T, unknown>> {
  const field = z.prefault(kind.schema, declared.default);
  registry.add(field, {
    group: declared.group,
    description: declared.description,
    default: declared.default,
    defaultShown: declared.defaultShown ?? declared.default,
    placeholder: kind.placeholder,
    isSwitch: kind.isSwitch,
    aliases: declared.aliases ?? [],
    built: declared.built ?? true,
    reloadable: declared.reloadable ?? false,
    format: (given) => kind.format(kind.schema.parse(given)),
  });
  return field;
}

/** What is known of one field; `key` is its path in the configuration file. */
export function settingInfo(key: string, field: z.ZodType): SettingInfo {
  const registered = registry.get(field);
  if (registered === undefined) throw new Error(`${key} was not declared with setting()`);
  return { key, flag: flagOf(key), variable: variableOf(key), ...registered };
}

/** `retry.max_attempts` is `retry-max-attempts` on the command line. */
export function flagOf(key: string): string {
  return key.replace(/[._]/g, '-');
}

/** `retry.max_attempts` is `CONDUCTOR_RETRY_MAX_ATTEMPTS` in the environment. */
export function variableOf(key: string): string {
  return `CONDUCTOR_${key.replace(/\./g, '_').toUpperCase()}`;
}
