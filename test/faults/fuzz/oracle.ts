/**
 * What has to become of a content, by SPEC's words and other means than the program's: JSON.parse,
 * a tokenizer of one regular expression, and the rules written down one by one.
 */
import { TextDecoder } from 'node:util';

export type Verdict = 'accepted' | 'E001' | 'E003' | 'E004' | 'E015';

type Fields = Record<string, unknown>;

const MOST_LEVELS = 32;

export function verdictOn(bytes: Uint8Array): { verdict: Verdict; value?: unknown } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { verdict: 'E015' };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { verdict: 'E001' };
  }
  const { levels, hasDuplicate, hasHuge } = shapeOf(text);
  if (levels > MOST_LEVELS || hasDuplicate) return { verdict: 'E001' };
  if (hasHuge || !isFields(value) || !keepsSchema(value)) return { verdict: 'E003' };
  return keepsPolicy(value) ? { verdict: 'accepted', value } : { verdict: 'E004' };
}

const token = /"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/g;

/** What JSON.parse does not tell of a text that it takes. */
function shapeOf(text: string) {
  const open: Set<unknown>[] = [];
  let [levels, hasDuplicate, hasHuge] = [0, false, false];
  const tokens = text.match(token) ?? [];
  for (const [index, part] of tokens.entries()) {
    if (part === '{' || part === '[') levels = Math.max(levels, open.push(new Set()));
    else if (part === '}' || part === ']') open.pop();
    else if (tokens[index + 1] === ':' && part.startsWith('"')) {
      const keys = open.at(-1);
      hasDuplicate ||= keys?.has(JSON.parse(part)) === true;
      keys?.add(JSON.parse(part));
    } else if (/^[-\d]/.test(part)) hasHuge ||= !Number.isFinite(Number(part));
  }
  return { levels, hasDuplicate, hasHuge };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (most: number) => (value: unknown) =>
  typeof value === 'string' && [...value].length <= most;
const isWhole = (least: number, most: number) => (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
const isOneOf =
  (...texts: string[]) =>
  (value: unknown) =>
    texts.some((text) => text === value);
const isLabel = (value: unknown) =>
  typeof value === 'string' &&
  value.length <= 63 &&
  /^[a-z0-9-]+$/.test(value) &&
  !/^-|-$/.test(value);
const isSubdomain = (value: unknown) =>
  typeof value === 'string' &&
  value.length <= 253 &&
  value.split('.').every((label) => /^[a-z0-9-]+$/.test(label) && !/^-|-$/.test(label));
const isTextOrFields = (value: unknown) => isText(1024)(value) || isFields(value);
const isListOf = (rule: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length <= 1000 && value.every(rule);

const duration = /^\+?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const isDuration = (value: unknown) =>
  typeof value === 'string' && value.length <= 64 && duration.test(value.trim());

/** RFC 3339, of a day that there is. */
const isTime = (value: unknown) => {
  const time = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-](\d\d):(\d\d))$/;
  const parts = typeof value === 'string' ? time.exec(value) : null;
  if (!parts) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, h = 0, m = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay && hour < 24 && minute < 60 && second < 60 && h < 24 && m < 60;
};

const constraints: Record<string, (value: unknown) => boolean> = {
  min_replicas: isWhole(0, Number.MAX_SAFE_INTEGER),
  max_replicas: isWhole(0, Number.MAX_SAFE_INTEGER),
  allowed_namespaces: isListOf(isLabel),
  kpt_package_name: isText(253),
  porch_repository: isText(253),
};

const required: Record<string, (value: unknown) => boolean> = {
  intent_type: isOneOf('scaling', 'deployment', 'configuration'),
  target: isSubdomain,
  namespace: isLabel,
  replicas: isWhole(0, 100),
};

const optional: Record<string, (value: unknown) => boolean> = {
  reason: isText(512),
  source: isOneOf('user', 'planner', 'test', 'automation', ''),
  correlation_id: (value) => typeof value === 'string' && /^[\w-]{0,128}$/.test(value),
  priority: (value) => isWhole(0, 10)(value) || isOneOf('low', 'normal', 'high', 'critical')(value),
  timeout: isDuration,
  description: isText(1024),
  metadata: isFields,
  created_at: isTime,
  updated_at: isTime,
  status: isTextOrFields,
  target_resources: isListOf(isTextOrFields),
  nephio_context: isFields,
  constraints: (value) => isFields(value) && keepsRules(value, constraints),
};

function keepsRules(value: Fields, rules: typeof optional): boolean {
  return Object.entries(value).every(([key, part]) => {
    return Object.hasOwn(rules, key) && rules[key]?.(part) === true;
  });
}

function keepsSchema(value: Fields): boolean {
  const isWholeIntent = Object.keys(required).every((key) => Object.hasOwn(value, key));
  return isWholeIntent && keepsRules(value, { ...required, ...optional });
}

function keepsPolicy({ replicas, namespace, constraints }: Fields): boolean {
  if (isOneOf('kube-system', 'kube-public', 'kube-node-lease')(namespace)) return false;
  if (!isFields(constraints)) return true;
  const { min_replicas: least, max_replicas: most, allowed_namespaces: allowed } = constraints;
  return (
    Number(replicas) >= Number(least ?? 0) &&
    Number(replicas) <= Number(most ?? Number.MAX_VALUE) &&
    (!Array.isArray(allowed) || allowed.includes(namespace))
  );
}
