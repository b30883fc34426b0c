/** The ports by which the program is seen from outside: health and metrics. */
import process from 'node:process';
import { ConfigError } from './config/error.ts';
import { flagOf, variableOf } from './config/setting.ts';
import type { Settings } from './config/settings.ts';
import { gatherFacts } from './facts.ts';
import type { Lifecycle } from './lifecycle.ts';
import { errnoOf } from './platform/index.ts';
import { type Answer, createApp } from './server/app.ts';
import { healthAnswers } from './server/health.ts';
import { type Listener, listen } from './server/listen.ts';
import { metricsAnswers } from './server/metrics.ts';
import { RateLimit } from './server/rate-limit.ts';
import { Census } from './spool/census.ts';
import type { Log } from './telemetry/log.ts';
import type { Meter } from './telemetry/meter.ts';
import { createMetrics, type Levels } from './telemetry/metrics.ts';
import { vitalsBefore, vitalsOf } from './vitals.ts';

export type ObservationOptions = {
  settings: Settings;
  log: Log;
  version: string;
  /** The name that this instance bears now. */
  instance(): string;
};

/** Keeps the ports open from the start to the end of the program, whatever it works on. */
export class Observation {
  readonly #options: ObservationOptions;
  readonly #metrics: ReturnType<typeof createMetrics>;
  #listeners: Listener[] = [];
  #lifecycle: Lifecycle | null = null;
  #census: Census | null = null;
  #checks = vitalsBefore;

  private constructor(options: ObservationOptions) {
    const { version } = options;
    this.#options = options;
    this.#metrics = createMetrics({
      version,
      runtime: runtimeName(),
      levels: () => this.#levels(),
    });
  }

  /** Throws ConfigError for a port that cannot be opened. */
  static async begin(options: ObservationOptions): Promise<Observation> {
    const observation = new Observation(options);
    try {
      await observation.#open();
    } catch (error) {
      await observation.close();
      throw error;
    }
    return observation;
  }

  get meter(): Meter {
    return this.#metrics.meter;
  }

  /** From now on this is what is seen. */
  show(lifecycle: Lifecycle): void {
    this.#census?.stop();
    this.#census = new Census(lifecycle.parts.layout);
    this.#census.begin();
    this.#lifecycle = lifecycle;
    this.#checks = vitalsOf(lifecycle);
  }

  async close(): Promise<void> {
    this.#census?.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  async #open(): Promise<void> {
    const { settings, log, version, instance } = this.#options;
    const { healthPort, metricsPort } = settings.http;
    const health = healthAnswers({
      checks: () => this.#checks,
      about: () => ({ service: 'conductor-loop', version, instance: instance() }),
    });
    const metrics = metricsAnswers((format) => this.#metrics.render(format));
    const together = healthPort === metricsPort && healthPort !== 0;
    const first = together ? { ...health, ...metrics } : health;
    const health_port = await this.#listen('health_port', healthPort, first);
    const metrics_port = together
      ? health_port
      : await this.#listen('metrics_port', metricsPort, metrics);
    const address = settings.http.bindAddress;
    log.info(
      { health_port, metrics_port },
      `health on ${address} port ${health_port}, metrics on port ${metrics_port}`,
    );
  }

  async #listen(
    setting: 'health_port' | 'metrics_port',
    port: number,
    answers: Readonly<Record<string, Answer>>,
  ): Promise<number> {
    const { settings, log } = this.#options;
    const { rateLimit, bindAddress } = settings.http;
    const app = createApp(answers, {
      rateLimit: rateLimit ? new RateLimit(rateLimit) : null,
      faulty: (error) => {
        log.debug({ err: error }, 'fault');
        log.error({ error_type: 'fault' }, `an HTTP answer failed: ${error.message}`);
      },
    });
    try {
      const options = { ...settings.http, address: bindAddress, port };
      const listener = await listen((request, from) => app.fetch(request, from), options);
      this.#listeners.push(listener);
      return listener.port;
    } catch (error) {
      throw listenError(error, setting, port, bindAddress);
    }
  }

  #levels(): Levels {
    const { settings } = this.#options;
    const { files, stateBytes } = this.#census?.latest ?? { files: {}, stateBytes: 0 };
    const lifecycle = this.#lifecycle;
    const facts = lifecycle && gatherFacts(lifecycle.parts, lifecycle.phase);
    return {
      activeWorkers: facts?.workers.busy ?? 0,
      maxWorkers: settings.maxWorkers,
      queueSize: facts?.queue.share ?? 0,
      stateEntries: facts?.stateEntries ?? 0,
      stateFileSize: stateBytes,
      files,
    };
  }
}

function runtimeName(): string {
  const { deno, node } = process.versions;
  return deno === undefined ? `node v${node}` : `deno v${deno}`;
}

function listenError(error: unknown, setting: string, port: number, address: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const isElsewhere = errno === 'EACCES' && port >= 1024;
  const known = isElsewhere ? undefined : reasons[errno];
  const why = known ?? (error instanceof Error ? error.message : errno);
  const [flag, variable] = [flagOf(setting), variableOf(setting)];
  return new ConfigError([
    `port ${port} on ${address} cannot be opened: ${why} (${errno}); choose another with ` +
      `-${flag} (${setting}, ${variable}), another address with -bind-address, or do without ` +
      'the ports with -http=false',
  ]);
}

const reasons: Record<string, string> = {
  EADDRINUSE: 'another program has it',
  EACCES: 'ports below 1024 need rights that this user lacks',
  EADDRNOTAVAIL: 'no interface of this system has that address',
  ENOTFOUND: 'no such address is known',
};
