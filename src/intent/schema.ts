import * as z from 'zod/mini';
import { parseDuration } from '../config/units.ts';

/** The priorities that have a name; the others are 0 to 10. */
const priorityNames = { low: 2, normal: 5, high: 8, critical: 10 } as const;
const defaultPriority = 5;

const longestSubdomain = 253;
const longestLabel = 63;
const mostItems = 1000;

/** Kubernetes' own patterns (k8s.io/apimachinery/pkg/util/validation). */
const dnsLabel = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** What is said to be expected of a value; a pattern of its path, `[]` for any index. */
const expectations = new Map<string, string>();

/** Gives a schema the words by which a message says what was expected. */
function expecting<T extends z.ZodMiniType>(place: string, words: string, schema: T): T {
  expectations.set(place, words);
  return schema;
}

/** Length first: a pattern must not run over megabytes. */
function pattern(longest: number, shape: RegExp): z.ZodMiniType<string> {
  return z.string().check(z.refine((text) => text.length <= longest && shape.test(text)));
}

/** At most `longest` characters (code points, as JSON Schema counts them). */
function text(longest: number): z.ZodMiniType<string> {
  return z.string().check(z.refine((value) => value.length <= longest || isShort(value, longest)));
}

function isShort(value: string, longest: number): boolean {
  return value.length <= 2 * longest && Array.from(value).length <= longest;
}

/** Counts before it looks at the items, so that millions of bad ones make one issue. */
function list<T extends z.ZodMiniType>(item: T) {
  return z.pipe(z.array(z.unknown()).check(z.maxLength(mostItems)), z.array(item));
}

/** A whole number from 0; `-0` becomes 0. */
const count = z.pipe(
  z.int().check(z.minimum(0)),
  z.transform((value) => value + 0),
);

/** An object of the author's own; `__proto__` as a key of it is dropped. */
const freeObject = z.record(z.string(), z.unknown());

const priority = z.pipe(
  z.custom<number | keyof typeof priorityNames>((value) =>
    typeof value === 'string'
      ? Object.hasOwn(priorityNames, value)
      : Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 10,
  ),
  z.transform((value) => (typeof value === 'number' ? value + 0 : priorityNames[value])),
);

/** Go's notation, given on in milliseconds. */
const timeout = z.pipe(
  z.string().check(z.maxLength(64)),
  z.transform((value, { issues }) => {
    try {
      return Math.ceil(parseDuration(value));
    } catch {
      issues.push({ code: 'custom', input: value });
      return z.NEVER;
    }
  }),
);

const timeWords = 'a time such as "2026-01-31T12:00:00Z" (RFC 3339)';
const time = pattern(64, z.regexes.datetime({ offset: true }));

const textOrObjectWords = 'a text of at most 1024 characters, or an object';
const textOrObject = z.union([text(1024), freeObject]);

const constraints = z.strictObject({
  min_replicas: expecting('constraints.min_replicas', 'a whole number from 0', z.optional(count)),
  max_replicas: expecting('constraints.max_replicas', 'a whole number from 0', z.optional(count)),
  allowed_namespaces: expecting(
    'constraints.allowed_namespaces',
    `an array of at most ${mostItems} namespaces`,
    z.optional(
      list(
        expecting(
          'constraints.allowed_namespaces[]',
          'a namespace: lower-case letters, digits and -, at most 63 characters',
          pattern(longestLabel, dnsLabel),
        ),
      ),
    ),
  ),
  kpt_package_name: expecting(
    'constraints.kpt_package_name',
    'a text of at most 253 characters',
    z.optional(text(longestSubdomain)),
  ),
  porch_repository: expecting(
    'constraints.porch_repository',
    'a text of at most 253 characters',
    z.optional(text(longestSubdomain)),
  ),
});

const fields = {
  intent_type: expecting(
    'intent_type',
    '"scaling", "deployment" or "configuration"',
    z.enum(['scaling', 'deployment', 'configuration']),
  ),
  target: expecting(
    'target',
    'a DNS-1123 name: lower-case letters, digits, - and ., at most 253 characters',
    pattern(longestSubdomain, dnsSubdomain),
  ),
  namespace: expecting(
    'namespace',
    'a DNS label: lower-case letters, digits and -, at most 63 characters',
    pattern(longestLabel, dnsLabel),
  ),
  reason: expecting('reason', 'a text of at most 512 characters', z.optional(text(512))),
  source: expecting(
    'source',
    '"user", "planner", "test", "automation" or ""',
    z.optional(z.enum(['user', 'planner', 'test', 'automation', ''])),
  ),
  correlation_id: expecting(
    'correlation_id',
    'at most 128 letters, digits, - and _',
    z.optional(pattern(128, /^[A-Za-z0-9_-]*$/)),
  ),
  priority: expecting(
    'priority',
    'a whole number from 0 to 10, or "low", "normal", "high" or "critical"',
    z._default(priority, defaultPriority),
  ),
  timeout: expecting(
    'timeout',
    'a duration with its unit, such as "30s" or "1m30s"',
    z.optional(timeout),
  ),
  description: expecting(
    'description',
    'a text of at most 1024 characters',
    z.optional(text(1024)),
  ),
  metadata: expecting('metadata', 'an object', z.optional(freeObject)),
  created_at: expecting('created_at', timeWords, z.optional(time)),
  updated_at: expecting('updated_at', timeWords, z.optional(time)),
  status: expecting('status', textOrObjectWords, z.optional(textOrObject)),
  target_resources: expecting(
    'target_resources',
    `an array of at most ${mostItems} texts or objects`,
    z.optional(list(expecting('target_resources[]', textOrObjectWords, textOrObject))),
  ),
  nephio_context: expecting('nephio_context', 'an object', z.optional(freeObject)),
  constraints: expecting('constraints', 'an object', z.optional(constraints)),
};

/**
 * The schema of an intent. Beyond checking it gives `priority` as a number, `timeout` in milliseconds,
 * and 0 for -0.
 */
function buildSchema(maxReplicas: number) {
  return z.strictObject({
    ...fields,
    replicas: z.pipe(count, z.number().check(z.maximum(maxReplicas))),
  });
}

/** An intent that keeps to the schema: `priority` is a number, `timeout` is in milliseconds. */
export type Intent = z.infer<ReturnType<typeof buildSchema>>;

const schemas = new Map<number, ReturnType<typeof buildSchema>>();

/** The schema for a limit of replicas, built once for each limit. */
export function intentSchema(maxReplicas: number): ReturnType<typeof buildSchema> {
  let schema = schemas.get(maxReplicas);
  if (schema === undefined) {
    schema = buildSchema(maxReplicas);
    schemas.set(maxReplicas, schema);
  }
  return schema;
}

/** What is expected at a path, in words: the rest of the sentence "expected …". */
export function expectationAt(path: readonly (string | number)[], maxReplicas: number): string {
  const place = path
    .map((step) => (typeof step === 'number' ? '[]' : `.${step}`))
    .join('')
    .slice(1);
  if (place === '') return 'an object';
  if (place === 'replicas') return `a whole number from 0 to ${maxReplicas}`;
  return expectations.get(place) ?? 'another value';
}

/** The keys that an object may have: of the intent itself, or of its constraints. */
export function knownKeys(path: readonly (string | number)[]): string[] {
  return Object.keys(path.length === 0 ? { ...fields, replicas: true } : constraints.shape);
}
