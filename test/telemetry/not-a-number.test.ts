import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gauge, Registry } from 'prom-client';
import { expose } from '../../src/telemetry/exposition.ts';

for (const format of ['prometheus', 'openmetrics'] as const) {
  test(`${format}: what is not a number, or has no end, is written as Prometheus reads it`, async () => {
    const registry = new Registry();
    const values = {
      nan: Number.NaN,
      up: Number.POSITIVE_INFINITY,
      down: Number.NEGATIVE_INFINITY,
    };
    for (const [name, value] of Object.entries(values)) {
      new Gauge({ name, help: 'x', registers: [registry] }).set(value);
    }
    const lines = (await expose(registry, new Map(), format)).split('\n');
    for (const line of ['nan NaN', 'up +Inf', 'down -Inf']) assert.ok(lines.includes(line), line);
  });
}
