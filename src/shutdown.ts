import { setTimeout as delay } from 'node:timers/promises';
import type { End, Parts } from './parts.ts';
import { errnoOf } from './platform/index.ts';

/** porch gets this long between SIGTERM and the end of the shutdown. */
const LAST_GRACE_MS = 5000;

/** What has to be over at once gets this long. */
const LAST_STEP_MS = 1000;

/**
 * Ends everything within `shutdown_grace`: nothing new begins, porch may finish, is told to stop 5
 * seconds before the end and killed at the end. True where nothing was left undone.
 */
export async function shutDown(
  parts: Parts,
  end: End,
  recovery: Promise<unknown>,
): Promise<boolean> {
  const { settings, pool, hold, pipeline, intake, retention, strays, handover } = parts;
  const atOnce = end.kind === 'held' || end.kind === 'taken-over';
  const grace = atOnce ? 0 : settings.shutdownGraceMs;
  const deadline = performance.now() + grace;
  const left = () => Math.max(0, deadline - performance.now());
  intake.stop();
  retention.stop();
  const handedOver = handover.stop();
  hold.silence();
  // Nothing begins before recovery is over, and nothing of it may come after the state is closed.
  const recovered =
    end.kind === 'replaced' ? Promise.resolve() : Promise.all([recovery, handedOver]);
  const stopped = recovered.then(() => pipeline.stop()).then(() => true);
  let clean = await within(stopped, left() - LAST_GRACE_MS);
  if (!clean) {
    pool.runners.cancel('SIGTERM');
    clean = await within(stopped, left());
  }
  if (!clean) {
    pool.runners.cancel('SIGKILL');
    clean = await within(stopped, LAST_STEP_MS);
  }
  strays.sweep();
  await within(
    pool.runners.close().then(() => true),
    LAST_STEP_MS,
  );
  // Without their threads the last runs count as cancelled and are given back.
  if (!clean) clean = await within(stopped, LAST_STEP_MS);
  if (!clean) {
    hold.abandon();
    pipeline.abandon();
  }
  const released = await release(parts, end, clean, left() + LAST_STEP_MS);
  await within(
    pool.close().then(() => true),
    LAST_STEP_MS,
  );
  return released && clean;
}

/** The journal is closed last of what is written, and the lease given back after that. */
async function release(parts: Parts, end: End, clean: boolean, withinMs: number): Promise<boolean> {
  const { lease, members, log, hold } = parts;
  const closed = await within(
    closeStore(parts, end).then(() => true),
    withinMs,
  );
  if (!closed) log.error({ error_type: 'state' }, 'the state could not be written at the end');
  // What is tried again and again would keep the program from ending.
  hold.abandon();
  members.stop();
  try {
    // What was left undone is for heirs to finish, who know us by our lease.
    if (closed && clean) lease.release();
    else lease.abandon();
  } catch (error) {
    // A dead one's lease is taken over: to leave it is no harm.
    if (errnoOf(error) === undefined) throw error;
  }
  return closed;
}

function closeStore({ store }: Parts, { kind }: End): Promise<void> {
  if (kind === 'taken-over') return store.abandon();
  return kind === 'replaced' ? store.leave() : store.close();
}

/** False where it takes longer than `ms`. */
function within(work: Promise<boolean>, ms: number): Promise<boolean> {
  return Promise.race([work, delay(Math.max(0, ms), false, { ref: false })]);
}
