import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';
import { problemOf, programs } from '../../deploy/prometheus/local.ts';
import { forbidden } from '../faults/skip.ts';
import { alerts, deploy, recordings, ruleFiles, ruleTests } from './expressions.ts';

const ruleTest = z.looseObject({
  tests: z.array(
    z.looseObject({
      alert_rule_test: z
        .array(z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()) }))
        .default([]),
      promql_expr_test: z.array(z.looseObject({ expr: z.string() })).default([]),
    }),
  ),
});
const cases = ruleTests.flatMap((path) => ruleTest.parse(parse(readFileSync(path, 'utf8'))).tests);

function promtool(...args: string[]): void {
  const problem = problemOf('promtool');
  if (problem !== null) {
    forbidden(`promtool ${args.slice(0, 2).join(' ')}`, problem);
    return;
  }
  const { status, stdout, stderr } = spawnSync(programs.promtool, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

test('promtool finds nothing wrong with the rules and the example configuration', () => {
  promtool('check', 'rules', '--lint=all', '--lint-fatal', ...ruleFiles);
  promtool(
    'check',
    'config',
    '--lint=all',
    '--lint-fatal',
    join(deploy, 'prometheus/prometheus.yml'),
  );
});

test('the rules do in promtool what their tests say', () => {
  promtool('test', 'rules', ...ruleTests);
});

test('each alert is seen to fire in one case, and not to fire in another', () => {
  const tried = cases.flatMap((one) => one.alert_rule_test);
  const fire = tried.filter(({ exp_alerts }) => exp_alerts.length > 0);
  const quiet = tried.filter(({ exp_alerts }) => exp_alerts.length === 0);
  const names = alerts.map(({ alert }) => alert).sort();
  assert.deepEqual([...new Set(fire.map(({ alertname }) => alertname))].sort(), names);
  assert.deepEqual([...new Set(quiet.map(({ alertname }) => alertname))].sort(), names);
});

test('each recording rule is tried in a case', () => {
  const tried = cases.flatMap((one) => one.promql_expr_test.map(({ expr }) => expr)).join('\n');
  const untried = recordings.filter(({ record }) => !tried.includes(record));
  assert.deepEqual(untried, []);
});

test('each alert names its section of the runbook, which says meaning, places and deeds', () => {
  const runbook = readFileSync(fileURLToPath(new URL('../../docs/runbook.md', import.meta.url)));
  const sections = runbook.toString().split(/^## /m).slice(1);
  const byAnchor = new Map(sections.map((text) => [/^\w+/.exec(text)?.[0].toLowerCase(), text]));
  for (const { alert, annotations } of alerts) {
    const anchor = alert.toLowerCase();
    assert.equal(annotations.runbook, `docs/runbook.md#${anchor}`);
    const section = byAnchor.get(anchor) ?? assert.fail(`docs/runbook.md has no section ${alert}`);
    for (const part of ['What it means', 'What to look at', 'What to do']) {
      assert.match(section, new RegExp(`^\\*\\*${part}\\.\\*\\* \\S`, 'm'), `${alert}: ${part}`);
    }
  }
});
