import type { Settings } from './config/settings.ts';
import { formatDuration } from './config/units.ts';
import { networkFileSystem } from './platform/index.ts';
import { Intake, type IntakeEvents } from './spool/intake.ts';
import type { Log } from './telemetry/log.ts';
import { messageOf } from './trouble.ts';

/** Makes the intake of a handoff directory, and says what is unusual about that. */
export function createIntake(
  settings: Settings,
  log: Log,
  events: Omit<IntakeEvents, 'directory' | 'unwatched'>,
): Intake {
  const { handoff, once, poll } = settings;
  const every = () => formatDuration(settings.periodMs);
  const network = networkFileSystem(handoff);
  const polling = poll === 'auto' ? network !== null : poll;
  if (polling && !once) {
    const why = network === null ? 'as configured' : `notifications do not cross ${network}`;
    log.info(`reading ${handoff} every ${every()}: ${why}`);
  }
  return new Intake(
    handoff,
    { times: settings, watch: !polling && !once },
    {
      ...events,
      directory: (name) => {
        log.warn({ intent_file: name }, `${name} is a directory: it is left alone`);
      },
      unwatched: (error) => {
        log.warn(
          { error_type: 'spool' },
          `no notifications of ${handoff} (${messageOf(error)}): it is read every ${every()} ` +
            'instead; raise fs.inotify.max_user_watches or max_user_instances',
        );
      },
    },
  );
}
