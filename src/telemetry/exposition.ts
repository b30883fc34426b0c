/** Writes metrics in the text formats that Prometheus reads. */
import type { Registry } from 'prom-client';

export type Format = 'prometheus' | 'openmetrics';

/** https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/specs/om/open_metrics_spec/ */
export const contentTypes: Record<Format, string> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** One metric in the text format of Prometheus; whatever text stands in it has its line feeds escaped. */
type Family = { name: string; type: string; text: string };

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
  const families = (await registry.metrics()).trimEnd().split('\n\n').map(familyOf);
  const byName = new Map(families.map((family) => [family.name, family]));
  const renamed = [...aliases].flatMap(([alias, name]) => {
    const family = byName.get(name);
    return family ? [aliasOf(family, alias)] : [];
  });
  const all = [...families, ...renamed];
  if (format === 'prometheus') return all.map(({ text }) => `${text}\n`).join('');
  return `${all.map((family) => `${asOpenMetrics(family)}\n`).join('')}# EOF\n`;
}

/** prom-client writes `Nan`, which OpenMetrics does not know. */
function familyOf(text: string): Family {
  const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/m.exec(text) ?? [];
  return { name, type, text: text.replace(/^([^#].* )Nan$/gm, '$1NaN') };
}

function aliasOf({ name, type, text }: Family, alias: string): Family {
  const help = `# HELP ${alias} `;
  const renamed = rename(text, name, alias, alias).replace(help, `${help}Alias of ${name}. `);
  return { name: alias, type, text: renamed };
}

/** In OpenMetrics only the samples of a counter bear the ending, and its family does not. */
function asOpenMetrics({ name, type, text }: Family): string {
  if (type !== 'counter') return text;
  const family = name.replace(/_total$/, '');
  return rename(text, name, family, `${family}_total`);
}

/** Gives a family and its samples other names: those stand at the beginnings of the lines. */
function rename(text: string, name: string, family: string, sample: string): string {
  const names = new RegExp(`^(# HELP |# TYPE |)${name}`, 'gm');
  return text.replace(names, (_, head: string) => head + (head === '' ? sample : family));
}
