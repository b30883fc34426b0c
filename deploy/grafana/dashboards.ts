/** The dashboards, and what they ask, for whoever tries or tests them without Grafana. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod';

/** The variable by which whoever looks at the dashboard chooses. */
const source = z.strictObject({
  type: z.literal('prometheus'),
  uid: z.string().regex(/^\$\{datasource\}$/),
});
const row = z.looseObject({ id: z.number(), type: z.literal('row'), title: z.string() });
const gridPos = z.strictObject({ h: z.number(), w: z.number(), x: z.number(), y: z.number() });
/** All that Grafana 9 and later have built in; the older "graph" is gone since version 11. */
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

const files = globSync(join(import.meta.dirname, 'dashboards/*.json')).sort();

export const dashboards = files.map((path) => ({
  file: basename(path),
  ...dashboard.parse(JSON.parse(readFileSync(path, 'utf8'))),
}));

/** Every question of every panel, with Grafana's variables filled in. */
export const questions = dashboards.flatMap(({ title: dashboard, panels }) =>
  panels.flatMap((panel) =>
    panel.type === 'row'
      ? []
      : panel.targets.map(({ expr, legendFormat }) => ({
          dashboard,
          panel: panel.title,
          type: panel.type,
          unit: panel.fieldConfig.defaults.unit,
          legend: legendFormat,
          expr: expr.replaceAll('$instance', '.*').replaceAll(/\$__(rate_interval|range)\b/g, '1m'),
        })),
  ),
);

/** What a series is called in a panel: Grafana puts labels in place of `{{label}}`. */
export function legendOf(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_whole, label: string) => labels[label] ?? '');
}
