import { boolean, booleanOrAuto, integer, size, text, timer } from './kinds.ts';
import { setting } from './setting.ts';

const port = integer(0, 65535);

/** Settings of the health and metrics ports, and of what they bear. */
export const portSettings = {
  http: setting(booleanOrAuto(), {
    group: 'ports',
    default: 'auto',
    defaultShown: 'off, in Kubernetes on',
    description: 'Open the health and metrics ports; metrics_enabled opens them too.',
  }),
  metrics_enabled: setting(boolean(), {
    group: 'ports',
    default: 'false',
    description: 'Serve metrics; opens the ports as http does.',
  }),
  health_port: setting(port, {
    group: 'ports',
    default: '8080',
    description:
      'Port of /healthz, /readyz, /livez, /startup and /health; 0 lets the system choose.',
  }),
  metrics_port: setting(port, {
    group: 'ports',
    default: '9090',
    description:
      'Port of /metrics, which may be the one of health_port; 0 lets the system choose another.',
  }),
  bind_address: setting(text('ADDRESS'), {
    group: 'ports',
    default: 'auto',
    defaultShown: '127.0.0.1, in Kubernetes 0.0.0.0',
    description: 'Address that the ports are bound to.',
  }),
  http_timeout: setting(timer(100), {
    group: 'ports',
    default: '10s',
    description: 'Longest time that a request may take to arrive, headers and all.',
  }),
  http_keep_alive: setting(timer(100), {
    group: 'ports',
    default: '75s',
    description: 'How long a connection is kept for its next request.',
  }),
  http_max_connections: setting(integer(1, 100_000), {
    group: 'ports',
    default: '256',
    description:
      'Most connections of each port; beyond it the one that is idle longest makes room for a new one.',
  }),
  http_max_header_size: setting(size(1024, 16 * 1024 ** 2), {
    group: 'ports',
    default: '8KB',
    description: 'Largest head of a request: its first line and its headers.',
  }),
  'security.rate_limiting.enabled': setting(boolean(), {
    group: 'security',
    default: 'false',
    description: 'Limit HTTP requests to the ports. Intents are not limited by it.',
  }),
  'security.rate_limiting.requests_per_minute': setting(integer(1, 1_000_000), {
    group: 'security',
    default: '60',
    description: 'HTTP requests that one address may make in a minute.',
  }),
  'security.rate_limiting.burst_size': setting(integer(1, 1_000_000), {
    group: 'security',
    default: '10',
    description: 'HTTP requests that one address may make at once.',
  }),
};
