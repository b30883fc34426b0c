import { hostname } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { automaticWorkers } from './cores.ts';
import type { SettingValues } from './schema.ts';
import { formatDuration } from './units.ts';

/** What the program runs with: every value worked out, paths absolute, times in ms, sizes in bytes. */
export type Settings = {
  readonly handoff: string;
  /** Absolute path, a name to look up in PATH, or `builtin`. */
  readonly porch: string;
  readonly mode: 'direct' | 'structured';
  readonly out: string;
  readonly once: boolean;
  readonly debounceMs: number;
  readonly maxWorkers: number;
  readonly porchTimeoutMs: number;
  readonly maxPorchTimeoutMs: number;
  readonly periodMs: number;
  readonly poll: 'auto' | boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'auto' | 'json' | 'pretty';
  readonly settleTimeoutMs: number;
  readonly queueSize: number;
  readonly maxFileSize: number;
  readonly maxReplicas: number;
  readonly systemNamespaces: readonly string[];
  readonly retry: {
    readonly maxAttempts: number;
    readonly initialDelayMs: number;
    readonly maxDelayMs: number;
  };
  readonly crashLimit: number;
  readonly shutdownGraceMs: number;
  readonly holdTimeoutMs: number;
  readonly leaseTtlMs: number;
  /** 0 is never. */
  readonly cleanupAfterMs: number;
  /** 0 is never. */
  readonly failedCleanupAfterMs: number;
  readonly stateRetentionMs: number;
  readonly porchEnv: readonly string[];
  readonly porchSpawner: 'auto' | 'native' | 'node';
  /** A file name of at most 63 characters. */
  readonly instance: string;
  readonly environment: string;
  readonly http: {
    readonly enabled: boolean;
    readonly healthPort: number;
    readonly metricsPort: number;
    readonly bindAddress: string;
    readonly timeoutMs: number;
    readonly keepAliveMs: number;
    readonly maxConnections: number;
    readonly maxHeaderSize: number;
    /** Requests of one address; null is without limit. */
    readonly rateLimit: { readonly perMinute: number; readonly burst: number } | null;
  };
};

/** What the environment says beside its CONDUCTOR_ variables. */
export type Surroundings = {
  /** Relative paths count from here. */
  directory: string;
  environment: Readonly<Record<string, string | undefined>>;
};

/** Works out the settings from the values that the schema gave. */
export function buildSettings(
  values: SettingValues,
  { directory, environment }: Surroundings,
): Settings {
  const inKubernetes = (environment.KUBERNETES_SERVICE_HOST ?? '') !== '';
  const failedCleanupAfterMs = values.failed_cleanup_after ?? values.cleanup_after;
  return {
    handoff: resolve(directory, values.handoff),
    porch: isPath(values.porch) ? resolve(directory, values.porch) : values.porch,
    mode: values.mode,
    out: resolve(directory, values.out),
    once: values.once,
    debounceMs: values.debounce,
    maxWorkers: values.max_workers === 'auto' ? automaticWorkers() : values.max_workers,
    porchTimeoutMs: values.porch_timeout,
    maxPorchTimeoutMs: values.max_porch_timeout,
    periodMs: values.period,
    poll: values.poll,
    logLevel: values.log_level,
    logFormat: values.log_format,
    settleTimeoutMs: values.settle_timeout,
    queueSize: values.queue_size,
    maxFileSize: values.max_file_size,
    maxReplicas: values.max_replicas,
    systemNamespaces: values.system_namespaces,
    retry: {
      maxAttempts: values['retry.max_attempts'],
      initialDelayMs: values['retry.initial_delay'],
      maxDelayMs: values['retry.max_delay'],
    },
    crashLimit: values.crash_limit,
    shutdownGraceMs: values.shutdown_grace,
    holdTimeoutMs: values.hold_timeout,
    leaseTtlMs: values.lease_ttl,
    cleanupAfterMs: values.cleanup_after,
    failedCleanupAfterMs,
    stateRetentionMs: Math.max(values.state_retention, values.cleanup_after, failedCleanupAfterMs),
    porchEnv: values.porch_env,
    porchSpawner: values.porch_spawner,
    instance: values.instance === '' ? instanceName(environment.POD_NAME) : values.instance,
    environment: values.environment,
    http: {
      enabled: values.http === 'auto' ? inKubernetes || values.metrics_enabled : values.http,
      healthPort: values.health_port,
      metricsPort: values.metrics_port,
      bindAddress:
        values.bind_address !== 'auto'
          ? values.bind_address
          : inKubernetes
            ? '0.0.0.0'
            : '127.0.0.1',
      timeoutMs: values.http_timeout,
      keepAliveMs: values.http_keep_alive,
      maxConnections: values.http_max_connections,
      maxHeaderSize: values.http_max_header_size,
      rateLimit: values['security.rate_limiting.enabled']
        ? {
            perMinute: values['security.rate_limiting.requests_per_minute'],
            burst: values['security.rate_limiting.burst_size'],
          }
        : null,
    },
  };
}

/**
 * What two settings say against each other, one line each. `isGiven` tells a value that somebody
 * chose from a default, which gives way.
 */
export function contradictions(values: SettingValues, isGiven: (key: string) => boolean): string[] {
  const lines: string[] = [];
  const delay = values['retry.initial_delay'];
  const longest = values['retry.max_delay'];
  if (delay > longest) {
    lines.push(
      `retry.initial_delay (${formatDuration(delay)}) is longer than retry.max_delay (${formatDuration(longest)})`,
    );
  }
  // Removing the outcome before the file would make a restart forget what the file in processed/ is.
  const kept = Math.max(values.cleanup_after, values.failed_cleanup_after ?? 0);
  if (isGiven('state_retention') && values.state_retention < kept) {
    lines.push(
      `state_retention (${formatDuration(values.state_retention)}) is shorter than files are kept (${formatDuration(kept)}); it must be at least that`,
    );
  }
  return lines;
}

function isPath(porch: string): boolean {
  return porch.includes('/') || (process.platform === 'win32' && /[\\:]/.test(porch));
}

/** POD_NAME, else the host's name, made fit to be a file name. */
function instanceName(podName: string | undefined): string {
  const name = podName === undefined || podName === '' ? hostname() : podName;
  const fit = name
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 63);
  return fit === '' ? 'conductor-loop' : fit;
}
