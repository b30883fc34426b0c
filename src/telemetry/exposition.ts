/** Writes metrics in the text formats that Prometheus reads. */
import type { Registry } from 'prom-client';
import * as z from 'zod';

export type Format = 'prometheus' | 'openmetrics';

/** https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/specs/om/open_metrics_spec/ */
export const contentTypes: Record<Format, string> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What prom-client really gives: its own types know nothing of text and names here. */
const collected = z.array(
  z.object({
    name: z.string(),
    help: z.string(),
    type: z.enum(['counter', 'gauge', 'histogram', 'summary']),
    values: z.array(
      z.object({
        // What could not be measured is NaN, which zod takes for no number.
        value: z.custom<number>((value) => typeof value === 'number'),
        labels: z.record(z.string(), z.union([z.string(), z.number()])),
        metricName: z.string().optional(),
      }),
    ),
  }),
);

type Collected = z.infer<typeof collected>[number];

/**
 * The text of all metrics of a registry, and of those that `aliases` names (alias → canonical name) a
 * second time. prom-client's own OpenMetrics text renames the counters for good, so that the two
 * formats could not be served beside each other.
 */
export async function expose(
  registry: Registry,
  aliases: ReadonlyMap<string, string>,
  format: Format,
): Promise<string> {
  const metrics = collected.parse(await registry.getMetricsAsJSON());
  const byName = new Map(metrics.map((metric) => [metric.name, metric]));
  const renamed = [...aliases].flatMap(([alias, name]) => {
    const metric = byName.get(name);
    return metric ? [aliasOf(metric, alias)] : [];
  });
  const text = [...metrics, ...renamed].map((metric) => family(metric, format)).join('');
  return format === 'openmetrics' ? `${text}# EOF\n` : text;
}

function aliasOf(metric: Collected, name: string): Collected {
  const values = metric.values.map((one) => {
    return { ...one, metricName: name + (one.metricName ?? metric.name).slice(metric.name.length) };
  });
  return { ...metric, name, help: `Alias of ${metric.name}. ${metric.help}`, values };
}

function family({ name, help, type, values }: Collected, format: Format): string {
  // In OpenMetrics only the samples of a counter bear the ending, and its family does not.
  const isCounter = format === 'openmetrics' && type === 'counter';
  const familyName = isCounter ? name.replace(/_total$/, '') : name;
  const lines = values.map(({ value, labels, metricName = name }) => {
    return `${isCounter ? `${familyName}_total` : metricName}${labelText(labels)} ${number(value)}\n`;
  });
  const head = `# HELP ${familyName} ${escaped(help)}\n# TYPE ${familyName} ${type}\n`;
  return head + lines.join('');
}

function labelText(labels: Record<string, string | number>): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    return `${name}="${escaped(String(value)).replaceAll('"', '\\"')}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
