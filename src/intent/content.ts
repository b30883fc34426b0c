import { isUtf8 } from 'node:buffer';
import { problemsOf, type ValueProblem } from './issues.ts';
import { type JsonFault, type JsonStep, locateJson, scanJson } from './json.ts';
import { formatPath, positionsOf } from './places.ts';
import { policyProblems } from './policy.ts';
import { type Intent, intentSchema } from './schema.ts';
import type { CheckLimits, Refusal } from './types.ts';
import { firstBadByte } from './utf8.ts';

const maxDepth = 32;

/** What a check of the content of a file found. */
export type Content =
  | { kind: 'accepted'; value: Intent }
  | {
      kind: 'refused';
      /** The worst first: what makes it no JSON, then by place. Never empty; at most some hundreds. */
      refusals: [Refusal, ...Refusal[]];
      /** How many there are in all. */
      count: number;
      /** Empty where it could not be read. */
      correlationId: string;
    };

/** Checks the content of an intent file: UTF-8, JSON, schema and policy. */
export function checkContent(bytes: Buffer, limits: CheckLimits): Content {
  if (!isUtf8(bytes)) return refused([notUtf8(bytes)]);
  const text = bytes.toString('utf8');
  const unfit = unfitText(text);
  if (unfit !== null) return refused([unfit]);

  const { fatal, faults, faultCount } = scanJson(text, maxDepth);
  if (fatal !== null) {
    return refused(faultRefusals(text, [fatal, ...faults]), faultCount + 1);
  }
  const value: unknown = JSON.parse(text);
  const parsed = intentSchema(limits.maxReplicas).safeParse(value);
  const policy = parsed.success ? policyProblems(parsed.data, limits) : [];
  if (parsed.success && policy.length === 0 && faultCount === 0) {
    return { kind: 'accepted', value: parsed.data };
  }
  const { problems, count } = parsed.success
    ? { problems: policy, count: policy.length }
    : problemsOf(parsed.error, value, limits.maxReplicas);
  // A number out of range is a wrong value too; it is said once.
  const others = problems.filter(({ path }) => !faults.some((fault) => samePath(fault.path, path)));
  return refused(
    [...faultRefusals(text, faults), ...problemRefusals(text, others)],
    faultCount + count - (problems.length - others.length),
    correlationIdOf(value),
  );
}

/** From the end, where paths differ: a key on the way may be megabytes. */
function samePath(a: readonly JsonStep[], b: readonly JsonStep[]): boolean {
  return a.length === b.length && a.every((_, index) => a.at(-1 - index) === b.at(-1 - index));
}

function refused(refusals: Refusal[], count = refusals.length, correlationId = ''): Content {
  const [first, ...rest] = refusals;
  if (first === undefined) throw new Error('a refusal needs a reason');
  return { kind: 'refused', refusals: [first, ...rest], count, correlationId };
}

function notUtf8(bytes: Buffer): Refusal {
  const { offset, line, column } = firstBadByte(bytes);
  const isUtf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const byte = (bytes[offset] ?? 0).toString(16).padStart(2, '0');
  return {
    code: 'E015',
    message: isUtf16
      ? 'the file is UTF-16, not UTF-8'
      : `byte 0x${byte} at offset ${offset} is not UTF-8`,
    mend: 'save the file as UTF-8 without a byte order mark',
    line,
    column,
    // The last character of a file that is being written may be half there.
    mayPass: !isUtf16,
  };
}

/** What no JSON parser needs to see. */
function unfitText(text: string): Refusal | null {
  if (text.startsWith('\uFEFF')) {
    return {
      code: 'E001',
      message: 'the file begins with a byte order mark (BOM), which JSON does not allow',
      mend: 'save the file as UTF-8 without a byte order mark',
      line: 1,
      column: 1,
      mayPass: false,
    };
  }
  if (/^[ \t\r\n]*$/.test(text)) {
    return {
      code: 'E001',
      message: text === '' ? 'the file is empty' : 'the file has nothing but white space',
      mend: 'write the intent to another name and rename it into place when it is complete',
      mayPass: true,
    };
  }
  return null;
}

const faultMends = {
  syntax: 'make the file one complete JSON object (RFC 8259)',
  depth: `nest at most ${maxDepth} levels of objects and arrays`,
  duplicate: 'keep one of the two',
  range: 'write a number that fits a double',
} as const;

/** Only what breaks the syntax can be cured by writing on. */
function faultRefusals(text: string, faults: readonly JsonFault[]): Refusal[] {
  const positions = positionsOf(
    text,
    faults.map((fault) => fault.offset),
  );
  return faults.map((fault, index) => ({
    code: fault.kind === 'range' ? 'E003' : 'E001',
    message: fault.message,
    mend: faultMends[fault.kind],
    // The place of broken syntax is a place in the text, not a value.
    ...(fault.kind === 'syntax' ? {} : { path: formatPath(fault.path) }),
    ...positions[index],
    mayPass: fault.kind === 'syntax',
  }));
}

/** Looks up where the values stand, which costs a second pass, and sorts by place. */
function problemRefusals(text: string, problems: readonly ValueProblem[]): Refusal[] {
  const paths = problems.flatMap(({ path }): JsonStep[][] => [path, path.slice(0, -1)]);
  const places = locateJson(text, paths);
  const offsets = problems.map(({ at }, index) => {
    // A key that is missing has the place of the object that lacks it.
    const place = places[2 * index] ?? places[2 * index + 1];
    return place?.[at] ?? 0;
  });
  const positions = positionsOf(text, offsets);
  return problems
    .map(({ code, message, mend, path, suspicion }, index) => ({
      offset: offsets[index] ?? 0,
      refusal: {
        code,
        message,
        mend,
        path: formatPath(path),
        ...positions[index],
        mayPass: false,
        ...(suspicion ? { suspicion } : {}),
      },
    }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ refusal }) => refusal);
}

/** The correlation ID of an intent that is otherwise wrong, so that its author finds it again. */
function correlationIdOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('correlation_id' in value)) return '';
  const id = value.correlation_id;
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(id) ? id : '';
}
