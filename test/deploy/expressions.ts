import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';

export const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));
export const ruleFiles = globSync(join(deploy, 'prometheus/rules/*.yml')).sort();
export const ruleTests = globSync(join(deploy, 'prometheus/tests/*.yml')).sort();

const recording = z.strictObject({ record: z.string(), expr: z.string() });
const alerting = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({
    severity: z.enum(['warning', 'critical']),
    component: z.literal('conductor-loop'),
  }),
  annotations: z.strictObject({
    summary: z.string(),
    description: z.string(),
    runbook: z.string(),
  }),
});
const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({ name: z.string(), rules: z.array(z.union([recording, alerting])) }),
  ),
});

const rules = ruleFiles
  .map((path) => ruleFile.parse(parse(readFileSync(path, 'utf8'))))
  .flatMap(({ groups }) => groups.flatMap((group) => group.rules));
export const recordings = rules.filter((rule) => 'record' in rule);
export const alerts = rules.filter((rule) => 'alert' in rule);

const docs = readFileSync(join(deploy, '../docs/metrics.md'), 'utf8');

/** Our own expressions in docs/metrics.md, which stand there beside those of other documents. */
export const documentedExpressions = [...docs.matchAll(/^```promql\n(.*?)^```/gms)].flatMap(
  // What goes on is indented.
  ([, block = '']) => block.trimEnd().split(/\n(?=\S)/),
);

const WORDS = /^(and|or|unless|on|ignoring|by|without|offset|bool|group_left|group_right)$/;
const GROUPING = /\b(by|without|on|ignoring)\s*\([^)]*\)/g;

/** The selectors of an expression, without ranges and offsets. */
export function selectorsOf(expression: string): string[] {
  const found = expression
    .replace(GROUPING, ' ')
    .matchAll(/(?<![\w:."])([a-zA-Z_][\w:]*)\s*(\{[^}]*\})?(?!\s*\(|[\w:])/g);
  return [...found]
    .filter(([, name = '']) => !WORDS.test(name))
    .map(([, name, matchers = '']) => `${name}${matchers}`);
}
