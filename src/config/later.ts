import { boolean, booleanOrAuto, integer, text, timer } from './kinds.ts';
import { setting } from './setting.ts';

const port = integer(0, 65535);

/** Settings of parts that are not built yet: they load, are marked, and are warned of when used. */
export const laterSettings = {
  http: setting(booleanOrAuto(), {
    group: 'ports',
    default: 'auto',
    defaultShown: 'off, in Kubernetes on',
    description: 'Open the health and metrics ports; metrics_enabled opens them too.',
    built: false,
  }),
  metrics_enabled: setting(boolean(), {
    group: 'ports',
    default: 'false',
    description: 'Serve metrics; opens the ports as http does.',
    built: false,
  }),
  health_port: setting(port, {
    group: 'ports',
    default: '8080',
    description:
      'Port of /healthz, /readyz, /livez, /startup and /health; 0 lets the system choose.',
    built: false,
  }),
  metrics_port: setting(port, {
    group: 'ports',
    default: '9090',
    description: 'Port of /metrics; 0 lets the system choose.',
    built: false,
  }),
  bind_address: setting(text('ADDRESS'), {
    group: 'ports',
    default: 'auto',
    defaultShown: '127.0.0.1, in Kubernetes 0.0.0.0',
    description: 'Address that the ports are bound to.',
    built: false,
  }),
  'security.enabled': setting(boolean(), {
    group: 'security',
    default: 'false',
    description:
      'Further security checks. The checks of every intent are always on and need no switch.',
    built: false,
  }),
  'security.rate_limiting.enabled': setting(boolean(), {
    group: 'security',
    default: 'false',
    description: 'Limit HTTP requests to the ports. Intents are not limited by it.',
    built: false,
  }),
  'security.rate_limiting.requests_per_minute': setting(integer(1, 1_000_000), {
    group: 'security',
    default: '60',
    description: 'HTTP requests allowed in a minute.',
    built: false,
  }),
  'security.rate_limiting.burst_size': setting(integer(1, 1_000_000), {
    group: 'security',
    default: '10',
    description: 'HTTP requests allowed at once.',
    built: false,
  }),
  'security.file_validation.max_files_per_batch': setting(integer(1, 1_000_000), {
    group: 'security',
    default: '100',
    description: 'Most files in one batch.',
    built: false,
  }),
  'security.file_validation.scan_for_malware': setting(boolean(), {
    group: 'security',
    default: 'false',
    description: 'Scan intent files for malware.',
    built: false,
  }),
  'security.input_sanitization.enabled': setting(boolean(), {
    group: 'security',
    default: 'false',
    description: 'Further cleaning of text in intents. The intent schema is always applied.',
    built: false,
  }),
  'security.input_sanitization.max_input_length': setting(integer(1, 100_000_000), {
    group: 'security',
    default: '10000',
    description: 'Longest text that cleaning lets through, in characters.',
    built: false,
  }),
  chroot_enabled: setting(boolean(), {
    group: 'security',
    default: 'false',
    description: 'Run porch in a root directory of its own.',
    built: false,
  }),
  encryption_enabled: setting(boolean(), {
    group: 'security',
    default: 'false',
    description: 'Encrypt the state files.',
    built: false,
  }),
  audit_enabled: setting(boolean(), {
    group: 'security',
    default: 'false',
    description: 'Write an audit log.',
    built: false,
  }),
  'batch_processing.enabled': setting(boolean(), {
    group: 'batches',
    default: 'false',
    description: 'Hand intents to porch in batches.',
    built: false,
  }),
  'batch_processing.batch_size': setting(integer(1, 1_000_000), {
    group: 'batches',
    default: '10',
    description: 'Intents in one batch.',
    built: false,
  }),
  'batch_processing.batch_timeout': setting(timer(), {
    group: 'batches',
    default: '5s',
    description: 'Longest wait for a batch to fill.',
    built: false,
  }),
  'batch_processing.max_concurrent_batches': setting(integer(1, 10_000), {
    group: 'batches',
    default: '3',
    description: 'Batches at a time.',
    built: false,
  }),
};
