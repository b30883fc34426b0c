/**
 * `npm run monitor`: conductor-loop and a Prometheus that scrapes it, in a temporary directory.
 * Some good intents are dropped and then bad ones, and every change of an alert is shown as it
 * happens, until Ctrl-C; then what the dashboards show. With `--once` it ends when the alerts that
 * are expected have been seen, and with exit code 1 where they were not within a minute.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { legendOf, questions } from '../grafana/dashboards.ts';
import { type Alert, LocalPrometheus, problemOf } from './local.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const samples = join(root, 'samples');
const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

const good = ['intent-deploy-upf.json', 'intent-configure-smf.json', 'intent-scale-up-001.json'];
const bad = ['intent-fails-in-porch.json', 'intent-refused-replicas.json'];

/** What the bad intents raise: one that fires at once, and one that waits for two minutes. */
const expected = ['SecurityIncidentDetected', 'ConductorLoopHighFailureRate'];
const LIMIT_MS = 60_000;

const openedLine = z.looseObject({ health_port: z.number(), metrics_port: z.number() });

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Starts conductor-loop on a handoff directory; resolves with the ports that it has opened. */
async function startConductor(place: string) {
  const ports = ['-http', '-health-port', '0', '-metrics-port', '0', '-log-format', 'json'];
  const directories = ['-handoff', join(place, 'handoff'), '-out', join(place, 'out')];
  const args = [join(root, 'src/main.ts'), '-porch', 'builtin', ...directories, ...ports];
  // The settings of whoever tries this are not meant for it.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CONDUCTOR_|POD_NAME$)/.test(name)),
  );
  // Ctrl-C is for us: its own group keeps it running until it has been looked at for the last time.
  const child = spawn(process.execPath, args, {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const opened = openedPorts(line);
    if (opened) {
      // Nobody reads on, and a full pipe would stop it.
      child.stderr.resume();
      return { child, ...opened };
    }
    said.push(line);
  }
  throw new Error(`conductor-loop has ended before it opened its ports:\n${said.join('\n')}`);
}

function openedPorts(line: string): z.infer<typeof openedLine> | null {
  try {
    return openedLine.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** Shows each change of the alerts, until those that were seen are `enough` or the signal comes. */
async function watchAlerts(
  prometheus: LocalPrometheus,
  stop: AbortSignal,
  enough: (seen: ReadonlySet<string>) => boolean,
): Promise<boolean> {
  const seen = new Set<string>();
  let before = new Map<string, Alert>();
  while (!stop.aborted) {
    const now = new Map((await prometheus.alerts()).map((alert) => [keyOf(alert), alert]));
    for (const [key, alert] of now) {
      seen.add(alert.labels.alertname);
      if (before.get(key)?.state !== alert.state) show(alert.state, alert);
    }
    for (const [key, alert] of before) if (!now.has(key)) show('over', alert);
    if (enough(seen)) return true;
    before = now;
    await delay(500, null, { signal: stop }).catch(() => null);
  }
  return false;
}

function keyOf({ labels }: Alert): string {
  return JSON.stringify(labels);
}

function show(state: Alert['state'] | 'over', { labels, annotations }: Alert): void {
  const time = new Date().toTimeString().slice(0, 8);
  say(`  ${time}  ${state.padEnd(7)}  ${labels.alertname}: ${annotations.description}`);
  if (state === 'firing') say(`                     ${annotations.runbook}`);
}

/** What the panels show at this moment, but for those that show nothing. */
async function showDashboards(prometheus: LocalPrometheus): Promise<void> {
  let last = '';
  for (const { dashboard, panel, type, legend, expr } of questions) {
    if (type === 'heatmap') continue;
    for (const { metric, value } of await prometheus.query(expr)) {
      const number = Number(value[1]);
      if (number === 0 || Number.isNaN(number)) continue;
      if (dashboard !== last) say(`\n${dashboard}`);
      last = dashboard;
      const name = legendOf(legend, metric);
      say(`  ${panel.padEnd(28)}  ${name.padEnd(32)}  ${Number(number.toPrecision(3))}`);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}

/** Counters are compared with what they were at a scrape: nothing is dropped before the first. */
async function untilScraped(prometheus: LocalPrometheus, stop: AbortSignal): Promise<void> {
  const quiet = async () =>
    (await prometheus.query('up == 1')).length > 0 && (await prometheus.alerts()).length === 0;
  while (!stop.aborted && !(await quiet())) await delay(200);
}

async function drop(handoff: string, prometheus: LocalPrometheus, stop: AbortSignal) {
  await untilScraped(prometheus, stop);
  say('\nGood intents are dropped, and Prometheus sees them:');
  for (const name of good) copyFileSync(join(samples, name), join(handoff, name));
  const done = `conductor_files_processed_total{status="success"} >= ${good.length}`;
  while (!stop.aborted && (await prometheus.query(done)).length === 0) await delay(200);
  say(`  ${done}`);
  say('\nNow bad ones: porch fails for one, one is refused, and one is a link to /etc/passwd.');
  for (const name of bad) copyFileSync(join(samples, name), join(handoff, name));
  symlinkSync('/etc/passwd', join(handoff, 'intent-link.json'));
  if (!values.once)
    say('Drop more, stop it, fill the disk: what follows shows it. Ctrl-C ends it.');
  say('The alerts, as they change (pending: seen, and waiting for its "for" to pass):');
}

async function run(place: string): Promise<boolean> {
  const handoff = join(place, 'handoff');
  mkdirSync(handoff);
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());
  const conductor = await startConductor(place);
  try {
    const target = `127.0.0.1:${conductor.metrics_port}`;
    const prometheus = await LocalPrometheus.start(join(place, 'prometheus'), target);
    try {
      say(`Prometheus   ${prometheus.url}/alerts and ${prometheus.url}/graph`);
      say(`metrics      http://${target}/metrics`);
      say(`health       http://127.0.0.1:${conductor.health_port}/health`);
      say(`intents      ${handoff}`);
      const limit = values.once ? [AbortSignal.timeout(LIMIT_MS)] : [];
      const stop = AbortSignal.any([stopped.signal, ...limit]);
      await drop(handoff, prometheus, stop);
      const all = await watchAlerts(prometheus, stop, (seen) => {
        return values.once && expected.every((name) => seen.has(name));
      });
      await showDashboards(prometheus);
      return all;
    } finally {
      await prometheus.stop();
    }
  } finally {
    await end(conductor.child);
  }
}

const problem = problemOf('prometheus');
if (problem !== null) {
  say(`${problem}; PROMETHEUS names it where it is not in PATH`);
  process.exit(1);
}
const place = mkdtempSync(join(tmpdir(), 'conductor-loop-monitor-'));
try {
  const seen = await run(place);
  if (values.once) say(seen ? '\nThe alerts came.' : `\nNot seen: ${expected.join(' and ')}`);
  process.exitCode = !values.once || seen ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
