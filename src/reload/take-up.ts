import type { Settings } from '../config/settings.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Slots } from '../pipeline/slots.ts';
import type { Intake } from '../spool/intake.ts';
import type { Retention } from '../spool/retention.ts';
import type { Pool } from '../workers/pool.ts';

export type TakeUpParts = {
  settings: Settings;
  pool: Pool;
  slots: Slots;
  intake: Intake;
  retention: Retention;
  pipeline: Pipeline;
};

/**
 * Most parts look into the settings whenever they need a value. What has to happen at once when one
 * has changed, because something waits for its old value, is done here.
 */
export function takeUp(parts: TakeUpParts): (changed: ReadonlySet<string>) => void {
  const { settings, pool, slots, intake, retention, pipeline } = parts;
  return (changed) => {
    const any = (...keys: string[]) => keys.some((key) => changed.has(key));
    if (any('max_workers')) {
      pool.runners.resize(settings.maxWorkers);
      slots.relimited();
    }
    if (any('debounce', 'settle_timeout', 'period')) void intake.retime();
    if (any('cleanup_after', 'failed_cleanup_after', 'state_retention')) retention.retime();
    pipeline.pump();
  };
}
