/** A Prometheus of its own on this machine, with our rules, for whoever tries or tests them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import * as z from 'zod';

const here = import.meta.dirname;

/** A program of Prometheus: found in PATH, or where PROMETHEUS and PROMTOOL say. */
export const programs = {
  prometheus: process.env.PROMETHEUS ?? 'prometheus',
  promtool: process.env.PROMTOOL ?? 'promtool',
};

/** What keeps one of the programs from being run; null where it can be. */
export function problemOf(name: keyof typeof programs): string | null {
  const { error, status } = spawnSync(programs[name], ['--version']);
  if (error) return `${name} is not installed (Debian: apt-get install prometheus)`;
  return status === 0 ? null : `${name} --version ended with ${status}`;
}

const sample = z.object({
  metric: z.record(z.string(), z.string()),
  value: z.tuple([z.number(), z.string()]),
});
const queryAnswer = z.object({ data: z.object({ result: z.array(sample) }) });
const alert = z.object({
  labels: z.looseObject({ alertname: z.string() }),
  annotations: z.looseObject({ summary: z.string(), description: z.string(), runbook: z.string() }),
  state: z.enum(['pending', 'firing']),
});
const alertsAnswer = z.object({ data: z.object({ alerts: z.array(alert) }) });

export type Sample = z.infer<typeof sample>;
export type Alert = z.infer<typeof alert>;

/** So short that a person can watch it. */
const INTERVAL = '1s';
const START_MS = 60_000;

export class LocalPrometheus {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** Starts one that keeps its data in `directory` and scrapes `target`, a host and a port. */
  static async start(directory: string, target: string): Promise<LocalPrometheus> {
    const config = join(directory, 'prometheus.yml');
    mkdirSync(directory, { recursive: true });
    writeFileSync(config, configurationFor(target));
    const data = `--storage.tsdb.path=${join(directory, 'data')}`;
    const args = [`--config.file=${config}`, data, '--web.listen-address=127.0.0.1:0'];
    // In a group of its own, Ctrl-C is left to whoever has started it.
    const child = spawn(programs.prometheus, args, {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    return new LocalPrometheus(child, await addressOf(child));
  }

  /** The series that an expression gives now; throws what Prometheus says against it. */
  async query(expression: string): Promise<Sample[]> {
    const answer = await this.#get(`query?query=${encodeURIComponent(expression)}`);
    return queryAnswer.parse(answer).data.result;
  }

  /** The alerts that are pending or firing. */
  async alerts(): Promise<Alert[]> {
    return alertsAnswer.parse(await this.#get('alerts')).data.alerts;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1/${path}`).catch((error: unknown) => {
      throw new Error(`Prometheus does not answer at ${this.url}`, { cause: error });
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Prometheus answers ${response.status}: ${text}`);
    return JSON.parse(text);
  }
}

/** The example beside us, with another target, and quicker. */
function configurationFor(target: string): string {
  const example = z
    .object({
      global: z.object({}),
      rule_files: z.array(z.string()),
      scrape_configs: z.tuple([z.object({ job_name: z.string() })]),
    })
    .parse(parse(readFileSync(join(here, 'prometheus.yml'), 'utf8')));
  const [{ job_name }] = example.scrape_configs;
  return stringify({
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: example.rule_files.map((path) => join(here, path)),
    scrape_configs: [{ job_name, static_configs: [{ targets: [target] }] }],
  });
}

/** Waits for the line of its log that names the port which the kernel has chosen. */
async function addressOf(child: ChildProcess): Promise<string> {
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const failed = once(child, 'error').then(([error]) => {
    throw error;
  });
  const found = async () => {
    for (const end = performance.now() + START_MS; performance.now() < end; await delay(20)) {
      const [, address] = /msg="Listening on" address=(\S+)/.exec(log) ?? [];
      if (address !== undefined && log.includes('Server is ready')) return `http://${address}`;
      if (child.exitCode !== null) break;
    }
    child.kill('SIGKILL');
    throw new Error(`prometheus did not start:\n${log}`);
  };
  return Promise.race([failed, found()]);
}
