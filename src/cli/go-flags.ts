import { ConfigError } from '../config/error.ts';
import { didYouMean, parseBoolean, quote } from '../config/kinds.ts';

/** What a flag that somebody wrote means. */
export type FlagMeaning =
  | {
      kind: 'flag';
      /** Its GNU name without dashes, also where the flag is only another name of it. */
      name: string;
      /** Stands for the value in messages; empty for a switch, which needs none. */
      placeholder: string;
    }
  /** Ends the command line: help or version. */
  | { kind: 'stop'; name: 'help' | 'version' }
  /** Accepted and ignored with one warning. */
  | { kind: 'unneeded'; isSwitch: boolean; because: string }
  | { kind: 'refused'; because: string };

/** The flags of one command, by every name that they have. */
export type FlagTable = {
  flags: ReadonlyMap<string, FlagMeaning>;
  /** Why an argument that is not a flag is wrong here; null where such arguments are files. */
  refuseArgument: ((argument: string) => string) | null;
};

export type NormalisedArguments = {
  /** `--name=value` for each flag once, then `--`, then what is not a flag. */
  argv: string[];
  warnings: string[];
};

type Collected = {
  values: Map<string, string>;
  files: string[];
  stops: Set<string>;
  warnings: Map<string, string>;
  problems: string[];
};

/**
 * Makes Go's and GNU's ways of writing flags one thing: `-flag`, `--flag`, `-flag=v`, `--flag v`.
 * As in Go a flag that wants a value takes whatever comes next, the last of several counts, and
 * `--` ends the flags. Throws ConfigError with one line for each mistake, unless help is asked for.
 */
export function normaliseFlags(args: readonly string[], table: FlagTable): NormalisedArguments {
  const found: Collected = {
    values: new Map(),
    files: [],
    stops: new Set(),
    warnings: new Map(),
    problems: [],
  };
  for (let at = 0; at < args.length; ) at = takeOne(args, at, table, found);
  for (const stop of ['help', 'version']) {
    if (found.stops.has(stop)) return { argv: [`--${stop}`], warnings: [] };
  }
  if (found.problems.length > 0) throw new ConfigError(found.problems);
  return {
    // The separator also keeps an empty last value (`--x=`) apart from no value.
    argv: [...[...found.values].map(([name, value]) => `--${name}=${value}`), '--', ...found.files],
    warnings: [...found.warnings.values()],
  };
}

/** Takes the argument at `at`, and its value where that follows it; returns where the next one is. */
function takeOne(args: readonly string[], at: number, table: FlagTable, found: Collected): number {
  const argument = args[at] ?? '';
  if (argument === '--') {
    for (const rest of args.slice(at + 1)) takeArgument(rest, table, found);
    return args.length;
  }
  const parts = /^(--?)([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
  if (parts === null) {
    takeArgument(argument, table, found);
    return at + 1;
  }
  const [, dashes = '-', name = '', attached] = parts;
  const meaning = table.flags.get(name);
  if (meaning === undefined) {
    const spelling = didYouMean(name, table.flags.keys(), dashes);
    found.problems.push(`unknown flag ${dashes}${name}${spelling}`);
    // What follows is most likely its value, and no mistake of its own.
    const next = args[at + 1];
    return attached === undefined && next !== undefined && !next.startsWith('-') ? at + 2 : at + 1;
  }
  const wantsNext = attached === undefined && needsValue(meaning);
  take(meaning, `${dashes}${name}`, wantsNext ? args[at + 1] : attached, found);
  return at + (wantsNext ? 2 : 1);
}

function needsValue(meaning: FlagMeaning): boolean {
  switch (meaning.kind) {
    case 'flag':
      return meaning.placeholder !== '';
    case 'unneeded':
      return !meaning.isSwitch;
    case 'refused':
      return true;
    case 'stop':
      return false;
  }
}

function take(
  meaning: FlagMeaning,
  written: string,
  value: string | undefined,
  found: Collected,
): void {
  switch (meaning.kind) {
    case 'refused':
      found.problems.push(`${written}: ${meaning.because}`);
      return;
    case 'unneeded':
      found.warnings.set(written, `${written} is not needed and is ignored: ${meaning.because}`);
      return;
    case 'stop':
      takeStop(meaning.name, written, value, found);
      return;
    case 'flag':
      if (value === undefined && meaning.placeholder !== '') {
        found.problems.push(`${written} needs a value: ${written} ${meaning.placeholder}`);
      } else {
        found.values.set(meaning.name, value ?? 'true');
      }
  }
}

function takeStop(
  name: string,
  written: string,
  value: string | undefined,
  found: Collected,
): void {
  try {
    if (parseBoolean(value ?? 'true')) found.stops.add(name);
  } catch {
    found.problems.push(`flag ${written}: ${quote(value)} is not allowed: expected true or false`);
  }
}

function takeArgument(argument: string, table: FlagTable, found: Collected): void {
  if (table.refuseArgument !== null) found.problems.push(table.refuseArgument(argument));
  else if (argument === '') found.problems.push('an empty argument names no file');
  else found.files.push(argument);
}
