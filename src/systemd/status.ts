import type { Settings } from '../config/settings.ts';
import { formatDuration } from '../config/units.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Tally } from '../pipeline/tally.ts';
import type { Hold } from '../queue/hold.ts';

export type StatusParts = { settings: Settings; hold: Hold; pipeline: Pipeline; tally: Tally };

/** What `systemctl status` shows of us: `watching /srv/handoff: 3 open, 12 succeeded, 1 failed (E013 1)`. */
export function statusLine({ settings, hold, pipeline, tally }: StatusParts): string {
  const seconds = Math.floor(hold.heldMs / 1000);
  const held = hold.active ? `the queue is held for ${formatDuration(1000 * seconds)}; ` : '';
  const what = settings.once ? 'working off' : 'watching';
  return `${held}${what} ${settings.handoff}: ${pipeline.open} open, ${tally.summary()}`;
}
