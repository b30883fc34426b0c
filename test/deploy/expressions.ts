import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';

export const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));
export const ruleFiles = globSync(join(deploy, 'prometheus/rules/*.yml')).sort();
export const ruleTests = globSync(join(deploy, 'prometheus/tests/*.yml')).sort();
export const dashboardFiles = globSync(join(deploy, 'grafana/dashboards/*.json')).sort();

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

/** The variable by which whoever looks at the dashboard chooses. */
const source = z.strictObject({
  type: z.literal('prometheus'),
  uid: z.string().regex(/^\$\{datasource\}$/),
});
const row = z.looseObject({ id: z.number(), type: z.literal('row'), title: z.string() });
const gridPos = z.strictObject({ h: z.number(), w: z.number(), x: z.number(), y: z.number() });
/** Types that Grafana has without plugins since version 9, when "graph" was given up. */
const panelTypes = ['timeseries', 'stat', 'heatmap', 'table'] as const;
const panel = z.strictObject({
  id: z.int(),
  type: z.enum(panelTypes),
  title: z.string().min(1),
  description: z.string(),
  datasource: source,
  gridPos,
  targets: z
    .array(
      z.strictObject({
        refId: z.string().regex(/^[A-Z]$/),
        datasource: source,
        expr: z.string().min(1),
        legendFormat: z.string().min(1),
        format: z.enum(['heatmap', 'table']).optional(),
        instant: z.boolean().optional(),
      }),
    )
    .min(1),
  fieldConfig: z.strictObject({
    defaults: z.looseObject({ unit: z.string() }),
    overrides: z.array(z.looseObject({ matcher: z.object({ id: z.string() }) })),
  }),
  options: z.looseObject({}).optional(),
});
/** A dashboard as Grafana reads it from a file: not wrapped, as its HTTP interface wants it. */
const dashboard = z.looseObject({
  uid: z.string().regex(/^[a-z-]{1,40}$/),
  title: z.string().min(1),
  schemaVersion: z.literal(39),
  templating: z.strictObject({
    list: z.tuple([
      z.looseObject({ name: z.literal('datasource'), type: z.literal('datasource') }),
      z.looseObject({ name: z.literal('instance'), type: z.literal('query') }),
    ]),
  }),
  panels: z.array(z.discriminatedUnion('type', [row, panel])),
});

export const dashboards = dashboardFiles.map((path) => ({
  file: basename(path),
  ...dashboard.parse(JSON.parse(readFileSync(path, 'utf8'))),
}));

/** Every expression of a dashboard, with its panel, and with Grafana's variables filled in. */
export const dashboardExpressions = dashboards.flatMap(({ file, panels }) =>
  panels.flatMap((one) =>
    one.type === 'row'
      ? []
      : one.targets.map(({ expr }) => ({
          where: `${file}: ${one.title}`,
          expr: expr.replaceAll('$instance', '.*').replaceAll(/\$__(rate_interval|range)\b/g, '1m'),
        })),
  ),
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
