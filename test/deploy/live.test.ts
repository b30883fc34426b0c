/** Every expression of ours is asked of a real Prometheus that scrapes the program at work. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { questions } from '../../deploy/grafana/dashboards.ts';
import { LocalPrometheus, problemOf } from '../../deploy/prometheus/local.ts';
import { Spool } from '../e2e/spool.ts';
import { forbidden } from '../faults/skip.ts';
import { intentFor } from '../tools/porch.ts';
import { earlierSelectors } from './earlier.ts';
import { alerts, documentedExpressions, recordings, selectorsOf } from './expressions.ts';

const LIMIT_MS = 60_000;
const problem = problemOf('prometheus');

const spool = new Spool();
let prometheus: LocalPrometheus;
let program: Awaited<ReturnType<Spool['watch']>>;

before(async () => {
  if (problem !== null) return;
  const ports = ['-http', '-health-port', '0', '-metrics-port', '0'];
  const limits = ['-porch-timeout', '300ms', '-retry-max-attempts', '2', '-max-workers', '2'];
  program = await spool.watch([...ports, ...limits]);
  const opened = program.logged(/metrics on port/);
  const [{ metrics_port }] = z.tuple([z.looseObject({ metrics_port: z.number() })]).parse(opened);
  prometheus = await LocalPrometheus.start(spool.path('prometheus'), `127.0.0.1:${metrics_port}`);
  await answered('up{job="conductor-loop"} == 1');
});

after(async () => {
  await prometheus?.stop();
  await spool[Symbol.asyncDispose]();
});

/** Waits until an expression gives a series. */
async function answered(expression: string): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await delay(100)) {
    if ((await prometheus.query(expression)).length > 0) return;
  }
  assert.fail(`no series for a minute: ${expression}\n${program.stderr.slice(-4000)}`);
}

/** Waits until an alert is in one of these states. */
async function alerted(name: string, states: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  for (const end = performance.now() + LIMIT_MS; performance.now() < end; await delay(100)) {
    for (const { labels, state } of await prometheus.alerts()) {
      if (labels.alertname === name && states.includes(state)) return;
      seen.add(`${labels.alertname} ${state}`);
    }
  }
  assert.fail(`${name} is not ${states.join(' or ')}; seen: ${[...seen].join(', ')}`);
}

function live(name: string, body: () => Promise<void>): void {
  test(name, async () => {
    if (problem === null) await body();
    else forbidden(name, problem);
  });
}

live(
  'each selector of the earlier documents finds its series before anything happens',
  async () => {
    const lost: string[] = [];
    for (const { document, selector } of earlierSelectors) {
      if ((await prometheus.query(selector)).length === 0) lost.push(`${document}: ${selector}`);
    }
    assert.deepEqual(lost, []);
  },
);

live('what happens is seen: each recording rule and each dashboard finds its series', async () => {
  for (const number of [1, 2, 3]) {
    spool.drop(`intent-good-${number}.json`, intentFor('', { target: `good-${number}` }));
  }
  spool.drop('intent-bad.json', intentFor('exit=1', { target: 'bad' }));
  spool.drop('intent-hangs.json', intentFor('sleep=20', { target: 'hangs' }));
  spool.drop('intent-refused.json', intentFor('', { target: '../../etc' }));
  spool.drop('intent-injects.json', intentFor('', { target: 'web; reboot' }));
  symlinkSync('/etc/passwd', spool.path('handoff', 'intent-link.json'));
  await spool.filed('intent-hangs.json', 'timeout');
  await answered('conductor_files_failed_total >= 5');
  await answered('conductor_porch_timeout_total >= 2');
  for (const { expr } of recordings) await answered(expr);
  for (const { record } of recordings) await answered(record);
  for (const { expr } of questions) await answered(expr);
});

live('each alert asks for series that are there', async () => {
  for (const { expr } of alerts) {
    for (const selector of selectorsOf(expr)) await answered(selector);
    await prometheus.query(expr);
  }
});

live('each of our expressions in docs/metrics.md asks for series that are there', async () => {
  assert.ok(documentedExpressions.length > 20);
  for (const expr of documentedExpressions) {
    for (const selector of selectorsOf(expr)) await answered(selector);
    await prometheus.query(expr);
  }
});

live('the failures raise their alerts, and nothing raises those of other troubles', async () => {
  for (const name of [
    'SecurityIncidentDetected',
    'PathTraversalAttempt',
    'CommandInjectionAttempt',
  ])
    await alerted(name, ['firing']);
  for (const name of ['HighFailureRate', 'PorchTimeouts', 'ServiceLevel'])
    await alerted(`ConductorLoop${name}`, ['pending', 'firing']);
  const raised = (await prometheus.alerts()).map(({ labels }) => labels.alertname);
  assert.deepEqual([...new Set(raised)].sort(), [
    'CommandInjectionAttempt',
    'ConductorLoopHighFailureRate',
    'ConductorLoopPorchTimeouts',
    'ConductorLoopServiceLevel',
    'PathTraversalAttempt',
    'SecurityIncidentDetected',
  ]);
});

live('a program that is killed is seen to be down', async () => {
  await program.stop('SIGKILL');
  await alerted('ConductorLoopDown', ['pending', 'firing']);
});
