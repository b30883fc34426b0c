import type * as z from 'zod/mini';
import { nearest } from '../config/nearest.ts';
import type { JsonStep } from './json.ts';
import { quotable } from './places.ts';
import { expectationAt, knownKeys } from './schema.ts';
import { type Suspicion, suspicionOf } from './suspicion.ts';

/** Something that is wrong with a value of an intent, before its place in the text is looked up. */
export type ValueProblem = {
  code: 'E003' | 'E004';
  message: string;
  mend: string;
  path: JsonStep[];
  /** Where the text is to be shown: at the key (of one that should not be there) or at the value. */
  at: 'key' | 'value';
  /** What the value looks like an attempt at. */
  suspicion?: Suspicion;
};

/** An issue may list a million unknown keys; nobody reads more than these. */
const keptKeys = 100;

/**
 * Turns what zod found into problems in plain words, and counts all of them. `value` is what was checked.
 */
export function problemsOf(
  error: z.core.$ZodError,
  value: unknown,
  maxReplicas: number,
): { problems: ValueProblem[]; count: number } {
  const problems: ValueProblem[] = [];
  let count = 0;
  for (const issue of error.issues) {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    const found =
      issue.code === 'unrecognized_keys'
        ? unknownKeys(path, issue.keys)
        : [wrongValue(path, valueAt(value, path), maxReplicas)];
    count += issue.code === 'unrecognized_keys' ? issue.keys.length : 1;
    problems.push(...found);
  }
  return { problems, count };
}

function unknownKeys(path: JsonStep[], keys: readonly string[]): ValueProblem[] {
  const known = knownKeys(path);
  return keys.slice(0, keptKeys).map((key) => {
    const meant = key.length <= 64 ? nearest(key, known) : undefined;
    return {
      code: 'E003',
      message: `unknown key ${JSON.stringify(quotable(key))}`,
      mend:
        meant === undefined
          ? `remove it; the keys known here are ${known.join(', ')}`
          : `write ${JSON.stringify(meant)} if that is meant, else remove it`,
      path: [...path, key],
      at: 'key',
    };
  });
}

function wrongValue(path: JsonStep[], found: unknown, maxReplicas: number): ValueProblem {
  const expected = expectationAt(path, maxReplicas);
  if (found === undefined) {
    const key = JSON.stringify(path.at(-1));
    return {
      code: 'E003',
      message: `the key ${key} is missing`,
      mend: `add ${key} with ${expected}`,
      path,
      at: 'value',
    };
  }
  const suspicion = suspicionOf(path, found);
  return {
    code: 'E003',
    message: `expected ${expected}, found ${describeValue(found)}`,
    mend: `change it to ${expected}`,
    path,
    at: 'value',
    ...(suspicion === null ? {} : { suspicion }),
  };
}

/** What a value is, in a few words; of its text at most 40 characters. */
function describeValue(value: unknown): string {
  if (typeof value === 'string') {
    const shown = JSON.stringify(quotable(value));
    return value.length > 40 ? `${shown} (${Array.from(value).length} characters)` : shown;
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function valueAt(value: unknown, path: readonly JsonStep[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = Reflect.get(at, step);
  }
  return at;
}
