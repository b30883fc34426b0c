import { configVariable, isServiceLink, unknownVariables } from './environment.ts';
import { ConfigError } from './error.ts';
import { type FileEntry, readConfigFile } from './file.ts';
import { didYouMean, quote } from './kinds.ts';
import { type SettingValues, settingInfos, settingsSchema } from './schema.ts';
import { type SettingInfo, variableOf } from './setting.ts';
import { buildSettings, contradictions, type Settings, type Surroundings } from './settings.ts';
import { formatDuration } from './units.ts';

/** Where values may come from; flags beat the environment, which beats the file. */
export type Sources = Surroundings & {
  /** Flags that were given, by name without dashes. */
  flags: Readonly<Record<string, string | undefined>>;
  /** Path of the configuration file, where a flag names one. */
  configPath?: string | undefined;
};

/** One setting as -validate-config shows it. */
export type SettingRow = {
  key: string;
  /** In the notation in which it is written. */
  value: string;
  /** `flag --x`, `environment CONDUCTOR_X`, `file PATH` or `default`. */
  origin: string;
  built: boolean;
  /** Whether a running program takes a new value. */
  reloadable: boolean;
};

export type LoadedSettings = {
  settings: Settings;
  rows: readonly SettingRow[];
  /** One line each, for the start of the log. */
  warnings: readonly string[];
  /** What somebody gave, by key. */
  given: GivenValues;
  /** Keys of the file that have no effect, with the origin of what beats them. */
  beaten: readonly { key: string; by: string }[];
};

/** A value somebody gave, with the words that name its place in messages. */
export type Given = { value: unknown; origin: string; place: string };
export type GivenValues = ReadonlyMap<string, Given>;

/** Every key that a file may hold, aliases included, with the setting that it means. */
const infoByName = new Map(
  settingInfos.flatMap((info) => namesOf(info).map((name) => [name, info] as const)),
);

const knownVariables: ReadonlySet<string> = new Set([...infoByName.keys()].map(variableOf));

/**
 * Loads all settings. Throws ConfigError with one line for each mistake; what is only odd (unknown
 * CONDUCTOR_ variables, settings of parts that are not built) comes back as warnings.
 */
export function loadSettings(sources: Sources): LoadedSettings {
  const problems: string[] = [];
  const path = configFileOf(sources);
  const inFile = path === undefined ? [] : givenInFile(path, problems);
  const given = new Map([
    ...inFile,
    ...givenInEnvironment(sources.environment, problems),
    ...givenAsFlags(sources.flags),
  ]);
  const { settings, rows } = workOut(given, sources, problems);
  return {
    settings,
    rows,
    given,
    warnings: [
      ...unknownVariables(sources.environment, knownVariables),
      ...settingInfos.flatMap((info) => unbuiltWarning(info, given.get(info.key))),
    ],
    beaten: inFile.flatMap(([key, { place }]) => {
      const winner = given.get(key);
      return winner === undefined || winner.place === place ? [] : [{ key, by: winner.origin }];
    }),
  };
}

/** Path of the configuration file, where there is one. */
export function configFileOf({ configPath, environment }: Sources): string | undefined {
  return configPath ?? nonEmpty(environment[configVariable]);
}

/** Throws ConfigError for what is wrong in these values, and for the problems that were found before. */
export function workOut(
  given: GivenValues,
  surroundings: Surroundings,
  problems: string[] = [],
): Pick<LoadedSettings, 'settings' | 'rows'> {
  const values = check(given, problems);
  if (values !== undefined) {
    problems.push(...contradictions(values, (key) => given.has(key)));
  }
  if (values === undefined || problems.length > 0) throw new ConfigError(problems);
  const settings = buildSettings(values, surroundings);
  return {
    settings,
    rows: settingInfos.map((info) => rowOf(info, given.get(info.key), settings)),
  };
}

function givenAsFlags(flags: Sources['flags']): [string, Given][] {
  return settingInfos.flatMap(({ key, flag }): [string, Given][] => {
    const value = flags[flag];
    const origin = `flag --${flag}`;
    return value === undefined ? [] : [[key, { value, origin, place: origin }]];
  });
}

function givenInEnvironment(
  environment: Sources['environment'],
  problems: string[],
): [string, Given][] {
  const entries = [...infoByName.keys()].flatMap((name) => {
    const variable = variableOf(name);
    const value = nonEmpty(environment[variable]);
    if (value === undefined || isServiceLink(variable, value)) return [];
    const place = `environment ${variable}`;
    return [{ name, given: { value, origin: place, place } }];
  });
  return oneForEach(entries, problems);
}

function givenInFile(path: string, problems: string[]): [string, Given][] {
  const entries = readConfigFile(path, (key) => infoByName.has(key)).flatMap((entry) => {
    if (!infoByName.has(entry.key)) {
      problems.push(`file ${path}: ${unknownKey(entry)}`);
      return [];
    }
    const place = `file ${path}, key ${entry.key}`;
    return [{ name: entry.key, given: { value: entry.value, origin: `file ${path}`, place } }];
  });
  return oneForEach(entries, problems);
}

/** Two names of one setting in the same source may not say different things. */
function oneForEach(
  entries: readonly { name: string; given: Given }[],
  problems: string[],
): [string, Given][] {
  const byKey = new Map<string, Given>();
  for (const { name, given } of entries) {
    const key = infoByName.get(name)?.key ?? name;
    const earlier = byKey.get(key);
    if (earlier === undefined) {
      byKey.set(key, given);
    } else if (String(earlier.value) !== String(given.value)) {
      problems.push(
        `${earlier.place} says ${quote(earlier.value)} and ${given.place} says ${quote(given.value)}, and both mean ${key}; leave one of them out`,
      );
    }
  }
  return [...byKey];
}

function check(given: ReadonlyMap<string, Given>, problems: string[]): SettingValues | undefined {
  const raw = Object.fromEntries([...given].map(([key, { value }]) => [key, value]));
  const checked = settingsSchema.safeParse(raw);
  if (checked.success) return checked.data;
  for (const issue of checked.error.issues) {
    const culprit = given.get(String(issue.path[0]));
    problems.push(
      `${culprit?.place ?? issue.path.join('.')}: ${quote(culprit?.value)} is not allowed: ${issue.message}`,
    );
  }
  return undefined;
}

function unknownKey({ key }: FileEntry): string {
  const inside = [...infoByName.keys()].find((name) => name.startsWith(`${key}.`));
  if (inside !== undefined) return `${key} is a section; its settings are written as ${inside}`;
  return `${key} is not a setting${didYouMean(key, infoByName.keys())}`;
}

/** Whatever was asked of a part that does not exist must be said, not silently dropped. */
function unbuiltWarning(info: SettingInfo, given: Given | undefined): string[] {
  if (info.built || given === undefined) return [];
  const value = info.format(given.value);
  if (value === 'false' || value === info.format(info.default)) return [];
  return [
    `${given.place}: ${info.key} is ${value}, but this part is not built yet and it has no effect`,
  ];
}

function rowOf(info: SettingInfo, given: Given | undefined, settings: Settings): SettingRow {
  const value = info.format(given === undefined ? info.default : given.value);
  const origin = given?.origin ?? 'default';
  const { key, built, reloadable } = info;
  return { key, value: workedOut(key, value, settings), origin, built, reloadable };
}

/** What a value that leaves something open came to. */
function workedOut(key: string, value: string, settings: Settings): string {
  switch (key) {
    case 'handoff':
      return settings.handoff;
    case 'out':
      return settings.out;
    case 'porch':
      return settings.porch;
    case 'max_workers':
      return value === 'auto' ? `${settings.maxWorkers} (auto)` : value;
    case 'state_retention':
      return formatDuration(settings.stateRetentionMs);
    case 'instance':
      return settings.instance;
    case 'http':
      return value === 'auto' ? `${settings.http.enabled} (auto)` : value;
    case 'bind_address':
      return settings.http.bindAddress;
    default:
      return value;
  }
}

function namesOf(info: SettingInfo): string[] {
  return [info.key, ...info.aliases];
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
