import * as z from 'zod';
import {
  age,
  ageOrSame,
  boolean,
  booleanOrAuto,
  choice,
  integer,
  integerOrAuto,
  names,
  size,
  text,
  textMatching,
  timer,
} from './kinds.ts';
import { laterSettings } from './later.ts';
import { portSettings } from './ports.ts';
import { type SettingInfo, setting, settingInfo } from './setting.ts';

const mebibyte = 1024 ** 2;

/**
 * Every setting there is, by its key in the configuration file. Flags, environment variables, help
 * and docs/settings.md are all derived from this one list.
 */
export const settingsSchema = z.object({
  handoff: setting(text('DIR'), {
    group: 'directories',
    default: './handoff',
    description: 'Directory to watch; created when its parent exists.',
    aliases: ['handoff_dir'],
  }),
  out: setting(text('DIR'), {
    group: 'directories',
    default: './out',
    description: 'Where porch writes packages; not inside the handoff directory.',
  }),
  porch: setting(text('PROGRAM'), {
    group: 'porch',
    default: 'porch',
    description:
      'Porch executable: a path, a name looked up in PATH, or builtin for the embedded one.',
    aliases: ['porch_path'],
  }),
  mode: setting(choice(['direct', 'structured']), {
    group: 'porch',
    default: 'direct',
    description: 'How porch is called; structured adds -structured.',
    aliases: ['porch_mode'],
    reloadable: true,
  }),
  porch_timeout: setting(timer(1), {
    group: 'porch',
    default: '30s',
    description: 'Longest porch run.',
    reloadable: true,
  }),
  max_porch_timeout: setting(timer(1), {
    group: 'porch',
    default: '10m',
    description: 'Longest run that an intent may ask for with its own timeout.',
    reloadable: true,
  }),
  porch_env: setting(names('NAME,...'), {
    group: 'porch',
    default: '',
    defaultShown: 'none',
    description: 'Further environment variables that porch may see.',
    reloadable: true,
  }),
  porch_spawner: setting(choice(['auto', 'native', 'node']), {
    group: 'porch',
    default: 'auto',
    description:
      'Who starts porch: native (posix_spawn, Linux with glibc), node (child_process), or native where it works.',
  }),
  once: setting(boolean(), {
    group: 'watching',
    default: 'false',
    description: 'Process the backlog, then exit.',
  }),
  debounce: setting(timer(), {
    group: 'watching',
    default: '500ms',
    description: 'Quiet time after the last change of a file.',
    aliases: ['debounce_duration', 'file_handling.debounce_duration'],
    reloadable: true,
  }),
  settle_timeout: setting(timer(), {
    group: 'watching',
    default: '5s',
    description: 'How long after its last change an incomplete file may still be completed.',
    reloadable: true,
  }),
  period: setting(timer(10), {
    group: 'watching',
    default: '2s',
    description: 'How often the directory is read again whole, in case a notification was lost.',
    reloadable: true,
  }),
  poll: setting(booleanOrAuto(), {
    group: 'watching',
    default: 'auto',
    description: 'Ask the directory instead of the kernel; auto does so on network file systems.',
  }),
  max_workers: setting(integerOrAuto(1, 256), {
    group: 'processing',
    default: 'auto',
    description:
      'Porch runs at a time; auto is one and a half for each core that this cgroup may use, at most 16.',
    aliases: ['file_handling.max_workers'],
    reloadable: true,
  }),
  queue_size: setting(integer(1, 1_000_000), {
    group: 'processing',
    default: '10000',
    description: 'Files read ahead of their turn.',
    reloadable: true,
  }),
  'retry.max_attempts': setting(integer(1, 100), {
    group: 'processing',
    default: '3',
    description: 'Most porch runs for one intent, the first one counted.',
    reloadable: true,
  }),
  'retry.initial_delay': setting(timer(), {
    group: 'processing',
    default: '1s',
    description: 'Wait before the second run; it doubles each time.',
    reloadable: true,
  }),
  'retry.max_delay': setting(timer(), {
    group: 'processing',
    default: '30s',
    description: 'Longest wait between two runs.',
    reloadable: true,
  }),
  crash_limit: setting(integer(1, 1000), {
    group: 'processing',
    default: '5',
    description: 'An intent during which the program died this many times is filed as failed.',
    reloadable: true,
  }),
  hold_timeout: setting(timer(), {
    group: 'processing',
    default: '60s',
    description: 'How long -once waits for a disk or a porch that refuses work before it gives up.',
    reloadable: true,
  }),
  max_file_size: setting(size(1, 256 * mebibyte), {
    group: 'limits',
    default: '10MB',
    description: 'Largest intent file.',
    aliases: ['security.file_validation.max_file_size'],
    reloadable: true,
  }),
  max_replicas: setting(integer(0, 1_000_000), {
    group: 'limits',
    default: '100',
    description: 'Most replicas that an intent may ask for.',
    reloadable: true,
  }),
  system_namespaces: setting(names('NAME,...'), {
    group: 'limits',
    default: '',
    defaultShown: 'none',
    description:
      'Namespaces of the cluster itself (such as kube-system) that intents may name all the same.',
    reloadable: true,
  }),
  cleanup_after: setting(age(), {
    group: 'retention',
    default: '168h',
    description:
      'Age, counted from filing, at which processed files and statuses are removed; 0 is never.',
    reloadable: true,
  }),
  failed_cleanup_after: setting(ageOrSame(), {
    group: 'retention',
    default: 'same',
    defaultShown: 'as cleanup_after',
    description: 'The same for failed files; 0 is never.',
    reloadable: true,
  }),
  state_retention: setting(age(1), {
    group: 'retention',
    default: '720h',
    description: 'How long the outcome of an intent is remembered; at least cleanup_after.',
    reloadable: true,
  }),
  instance: setting(
    textMatching(
      'NAME',
      /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/,
      'at most 63 letters, digits, ".", "_" and "-", the first of them no "." or "-"',
    ),
    {
      group: 'instances',
      default: '',
      defaultShown: 'POD_NAME, else the name of the host',
      description: 'Name of this instance among those that share the handoff directory.',
    },
  ),
  lease_ttl: setting(timer(100), {
    group: 'instances',
    default: '15s',
    description:
      'An instance on another system that gave no sign of life for this long is taken for dead.',
  }),
  shutdown_grace: setting(timer(), {
    group: 'instances',
    default: '20s',
    description: 'Time for everything that a clean stop does.',
    reloadable: true,
  }),
  log_level: setting(choice(['debug', 'info', 'warn', 'error']), {
    group: 'logging',
    default: 'info',
    description: 'Least important messages that are logged.',
    reloadable: true,
  }),
  log_format: setting(choice(['auto', 'json', 'pretty']), {
    group: 'logging',
    default: 'auto',
    defaultShown: 'json, on a terminal pretty',
    description: 'How log lines look.',
  }),
  environment: setting(text('NAME'), {
    group: 'logging',
    default: 'production',
    description: 'Value of the field "environment" in every log line.',
  }),
  ...portSettings,
  ...laterSettings,
});

/** The values of all settings by key, as the schema gives them. */
export type SettingValues = z.output<typeof settingsSchema>;

/** What is known of every setting, in the order of their declaration. */
export const settingInfos: readonly SettingInfo[] = Object.entries(settingsSchema.shape).map(
  ([key, field]) => settingInfo(key, field),
);
