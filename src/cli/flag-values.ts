import { ConfigError } from '../config/error.ts';
import { parseBoolean, quote } from '../config/kinds.ts';
import { parseDuration } from '../config/units.ts';

// Values of flags that are no settings. Each reader throws ConfigError.

/** The value of a switch; false where it was not given. */
export function readSwitch(name: string, value: string | undefined): boolean {
  try {
    return parseBoolean(value ?? 'false');
  } catch {
    throw refused(name, value, 'expected true or false');
  }
}

/** A whole number. */
export function readNumber(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (/^\d{1,4}$/.test(value)) return Number(value);
  throw refused(name, value, 'expected a whole number from 0 to 9999');
}

/** One of some words. */
export function readChoice<const Word extends string>(
  name: string,
  value: string,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === value);
  if (found === undefined) throw refused(name, value, `expected ${words.join(', ')}`);
  return found;
}

/** Milliseconds. */
export function readDuration(name: string, value: string): number {
  try {
    const ms = parseDuration(value);
    if (ms >= 100 && ms <= 86_400_000) return ms;
    throw new Error('expected 100ms to 24h');
  } catch (error) {
    throw refused(name, value, error instanceof Error ? error.message : String(error));
  }
}

function refused(name: string, value: unknown, why: string): ConfigError {
  return new ConfigError([`flag --${name}: ${quote(value)} is not allowed: ${why}`]);
}
