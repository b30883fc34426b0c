import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expose } from '../../src/telemetry/exposition.ts';

function registry(): Registry {
  const made = new Registry();
  const registers = [made];
  const counter = new Counter({ name: 'c_total', help: 'Counts.', labelNames: ['why'], registers });
  counter.inc({ why: 'a "b"\\\n' }, 3);
  new Gauge({ name: 'g_total', help: 'Two\nlines \\.', registers }).set(Number.NaN);
  const histogram = new Histogram({ name: 'h', help: 'Takes.', buckets: [1, 2.5], registers });
  histogram.observe(2);
  return made;
}

const none = new Map<string, string>();

test('the text format of Prometheus', async () => {
  assert.equal(
    await expose(registry(), none, 'prometheus'),
    `# HELP c_total Counts.
# TYPE c_total counter
c_total{why="a \\"b\\"\\\\\\n"} 3
# HELP g_total Two\\nlines \\\\.
# TYPE g_total gauge
g_total NaN
# HELP h Takes.
# TYPE h histogram
h_bucket{le="1"} 0
h_bucket{le="2.5"} 1
h_bucket{le="+Inf"} 1
h_sum 2
h_count 1
`,
  );
});

test('in OpenMetrics a counter has a family without its ending, a gauge keeps its name', async () => {
  const text = await expose(registry(), none, 'openmetrics');
  assert.match(text, /^# HELP c Counts\.\n# TYPE c counter\nc_total\{/m);
  assert.match(text, /^# TYPE g_total gauge\ng_total NaN$/m);
  assert.match(text, /\nh_count 1\n# EOF\n$/);
});

test('an alias has the values of what it stands for, at each scrape and in both formats', async () => {
  const made = registry();
  const aliases = new Map([
    ['also_h', 'h'],
    ['also_c_total', 'c_total'],
    ['also_nothing', 'nothing'],
  ]);
  await expose(made, aliases, 'openmetrics');
  const text = await expose(made, aliases, 'prometheus');
  assert.match(text, /^# HELP also_h Alias of h\. Takes\.\n# TYPE also_h histogram$/m);
  assert.match(text, /^also_h_bucket\{le="2\.5"\} 1$/m);
  assert.match(text, /^also_h_sum 2$/m);
  assert.match(text, /^also_c_total\{.*\} 3$/m);
  assert.doesNotMatch(text, /also_nothing/);
});
