import { boolean, integer, timer } from './kinds.ts';
import { setting } from './setting.ts';

/** Settings of parts that are not built yet: they load, are marked, and are warned of when used. */
export const laterSettings = {
  'security.enabled': setting(boolean(), {
    group: 'security',
    default: 'false',
    description:
      'Further security checks. The checks of every intent are always on and need no switch.',
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
