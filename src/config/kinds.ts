import * as z from 'zod';
import { nearest } from './nearest.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

/** What sort of value a setting takes: how it is read from text or JSON, and how it is shown. */
export type Kind<T> = {
  /** Takes text, or a JSON number, boolean or (for lists) array of text. */
  schema: z.ZodType<T, unknown>;
  /** Stands for the value in help: `--porch-timeout DURATION`. */
  placeholder: string;
  /** A flag of this kind may stand alone, which means `true`. */
  isSwitch: boolean;
  format: (value: T) => string;
};

/** Node's timers hold at most 2^31 milliseconds and fire at once above that: 24 days stay below. */
const longestTimerMs = 24 * 24 * 3_600_000;

// What Go's strconv.ParseBool takes: https://pkg.go.dev/strconv#ParseBool
const booleans = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false] as const),
]);

/** Milliseconds; for what a timer waits, at most 24 days. */
export function timer(shortestMs = 0): Kind<number> {
  return duration(shortestMs, longestTimerMs);
}

/** Milliseconds without an upper limit, for ages. */
export function age(shortestMs = 0): Kind<number> {
  return duration(shortestMs, Number.MAX_SAFE_INTEGER);
}

/** Milliseconds, or null for the word `same`: what another setting says. */
export function ageOrSame(): Kind<number | null> {
  const plain = age();
  return {
    ...plain,
    schema: fromText((text) => (text === 'same' ? null : parseDuration(text))),
    format: (value) => (value === null ? 'same' : plain.format(value)),
  };
}

/** Bytes. */
export function size(smallest: number, largest: number): Kind<number> {
  return {
    schema: fromText((text) => {
      const bytes = parseSize(text);
      if (bytes < smallest || bytes > largest) {
        throw new Error(`expected ${formatSize(smallest)} to ${formatSize(largest)}`);
      }
      return bytes;
    }),
    placeholder: 'SIZE',
    isSwitch: false,
    format: formatSize,
  };
}

export function integer(smallest: number, largest: number): Kind<number> {
  return {
    schema: fromText((text) => readInteger(text, smallest, largest, '')),
    placeholder: 'NUMBER',
    isSwitch: false,
    format: String,
  };
}

export function integerOrAuto(smallest: number, largest: number): Kind<number | 'auto'> {
  return {
    schema: fromText((text) =>
      text === 'auto' ? 'auto' : readInteger(text, smallest, largest, 'auto or '),
    ),
    placeholder: 'NUMBER',
    isSwitch: false,
    format: String,
  };
}

export function boolean(): Kind<boolean> {
  return {
    schema: fromText((text) => parseBoolean(text)),
    placeholder: '',
    isSwitch: true,
    format: String,
  };
}

export function booleanOrAuto(): Kind<boolean | 'auto'> {
  return {
    schema: fromText((text) =>
      text === 'auto' ? 'auto' : parseBoolean(text, 'true, false or auto'),
    ),
    placeholder: '',
    isSwitch: true,
    format: String,
  };
}

/** Reads a boolean as Go's flags do. Throws an Error whose message says what was expected. */
export function parseBoolean(given: string, expected = 'true or false'): boolean {
  const value = booleans.get(given);
  if (value === undefined) throw new Error(`expected ${expected}`);
  return value;
}

/** One of a few words, whatever their case. */
export function choice<const Word extends string>(words: readonly Word[]): Kind<Word> {
  return {
    schema: fromText((text) => {
      const found = words.find((word) => word === text.toLowerCase());
      if (found !== undefined) return found;
      throw new Error(`expected ${orList(words)}${didYouMean(text, words)}`);
    }),
    placeholder: words.join('|'),
    isSwitch: false,
    format: String,
  };
}

/** Text that is not empty and has no control characters. */
export function text(placeholder: string): Kind<string> {
  return {
    schema: fromText((given) => readText(given, 'some text')),
    placeholder,
    isSwitch: false,
    format: String,
  };
}

/** Text that may be empty and that `pattern` matches otherwise. */
export function textMatching(placeholder: string, pattern: RegExp, expected: string): Kind<string> {
  return {
    schema: fromText((given) => {
      if (given !== '' && !pattern.test(given)) throw new Error(`expected ${expected}`);
      return given;
    }),
    placeholder,
    isSwitch: false,
    format: (value) => value,
  };
}

/** A JSON array of names, or text with commas between them. */
export function names(placeholder: string): Kind<readonly string[]> {
  const asText = fromText((given) => given.split(','));
  return {
    schema: z
      .union([z.array(z.string()), asText], 'expected names with commas between them')
      .transform((list, context) => {
        const trimmed = list.map((name) => name.trim()).filter((name) => name !== '');
        const wrong = trimmed.find((name) => /[\s=\p{Cc}]/u.test(name));
        if (wrong === undefined) return trimmed;
        context.addIssue(`expected names with commas between them; ${quote(wrong)} is not a name`);
        return z.NEVER;
      }),
    placeholder,
    isSwitch: false,
    format: (value) => value.join(','),
  };
}

/** `; did you mean X?`, or nothing where no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>, prefix = ''): string {
  const found = nearest(word, candidates);
  return found === undefined ? '' : `; did you mean ${prefix}${found}?`;
}

/** Quotes a value for a message: control characters escaped, at most 60 characters. */
export function quote(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 60 ? `${json.slice(0, 57)}...` : json;
}

function fromText<T>(read: (text: string) => T): z.ZodType<T, unknown> {
  const scalar = z.union([z.string(), z.number(), z.boolean()], 'expected one value');
  return z.unknown().transform((given, context) => {
    const known = scalar.safeParse(given);
    if (!known.success) {
      context.addIssue('expected text, a number, true or false');
      return z.NEVER;
    }
    try {
      return read(String(known.data).trim());
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error));
      return z.NEVER;
    }
  });
}

function duration(shortestMs: number, longestMs: number): Kind<number> {
  return {
    schema: fromText((given) => {
      const ms = parseDuration(given);
      if (ms < shortestMs) throw new Error(`expected at least ${formatDuration(shortestMs)}`);
      if (ms > longestMs) throw new Error(`expected at most ${formatDuration(longestMs)}`);
      return ms;
    }),
    placeholder: 'DURATION',
    isSwitch: false,
    format: formatDuration,
  };
}

function readInteger(given: string, smallest: number, largest: number, also: string): number {
  const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= smallest && value <= largest) return value;
  throw new Error(`expected ${also}a whole number from ${smallest} to ${largest}`);
}

function readText(given: string, expected: string): string {
  if (given === '') throw new Error(`expected ${expected}, and it is empty`);
  if (/\p{Cc}/u.test(given)) throw new Error(`expected ${expected} without control characters`);
  return given;
}

function orList(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
