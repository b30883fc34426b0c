import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import { dashboards } from '../../deploy/grafana/dashboards.ts';
import { deploy } from './expressions.ts';

const provisioning = (path: string) =>
  parse(readFileSync(join(deploy, 'grafana/provisioning', path), 'utf8'));

test('there is a dashboard for operations, resources, security and the service level', () => {
  const titles = dashboards.map(({ title }) => title);
  assert.deepEqual(titles, [
    'Conductor Loop Operations',
    'Conductor Loop Resources',
    'Conductor Loop Security Operations',
    'Conductor Loop Service Level',
  ]);
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
});

for (const { file, panels } of dashboards) {
  test(`${file}: panels have their own numbers and their own places`, () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const taken = new Set<string>();
    for (const panel of panels) {
      if (panel.type === 'row') continue;
      const { x, y, w, h } = panel.gridPos;
      assert.ok(x >= 0 && x + w <= 24, `${panel.title} lies outside`);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          const place = `${column}/${line}`;
          assert.ok(!taken.has(place), `${panel.title} lies on another panel`);
          taken.add(place);
        }
      }
    }
  });
}

test('the provisioning files say where the dashboards are and whom they ask', () => {
  const [provider] = z
    .object({
      apiVersion: z.literal(1),
      providers: z.tuple([
        z.object({ type: z.literal('file'), options: z.object({ path: z.string() }) }),
      ]),
    })
    .parse(provisioning('dashboards/conductor-loop.yml')).providers;
  const docs = readFileSync(join(deploy, '../docs/monitoring.md'), 'utf8');
  assert.ok(docs.includes(`/grafana/dashboards:${provider.options.path}`));
  const [source] = z
    .object({
      apiVersion: z.literal(1),
      datasources: z.tuple([z.object({ type: z.literal('prometheus'), url: z.string() })]),
    })
    .parse(provisioning('datasources/prometheus.yml')).datasources;
  assert.ok(docs.includes(`-e ${source.url.slice(1)}=`));
});
