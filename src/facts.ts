import type { Parts, Phase } from './parts.ts';
import type { HoldCause } from './queue/hold.ts';

/** What there is to know of the running program at this moment, for those who look on. */
export type Facts = {
  instance: string;
  phase: Phase;
  queue: {
    /** Names that had news a moment ago; the files may be gone, for we take them away ourselves. */
    settling: number;
    /** Files that wait to be read: whose target is whose is not known yet. */
    unread: number;
    /** Intents that are read and wait for their turn. */
    queued: number;
    /** At so many no further ones are read. */
    limit: number;
    /** What of `unread` and `queued` is this instance's, as far as can be told. */
    share: number;
  };
  /** Intents that are known and not done with. */
  open: number;
  workers: { busy: number; max: number };
  stateEntries: number;
  /** What the queue is held for; empty where it is not. */
  held: readonly { cause: HoldCause; what: string; heldMs: number }[];
  /** Milliseconds since our latest sign of life. */
  leaseAgeMs: number;
  /** The other instances that live. */
  others: readonly string[];
  /** What became of the intents of this run of the program. */
  outcomes: Parts['tally']['outcomes'];
};

/** Asks the parts, and nothing that could make it wait. */
export function gatherFacts(parts: Parts, phase: Phase): Facts {
  const { intake, pipeline, members, settings, pool, store, hold, lease, tally } = parts;
  const { settling, settled: unread } = intake;
  const { queued, open } = pipeline;
  const others = members.living;
  return {
    instance: lease.instance,
    phase,
    queue: {
      settling,
      unread,
      queued,
      limit: settings.queueSize,
      share: queued + Math.ceil(unread / (others.length + 1)),
    },
    open,
    workers: { busy: pool.runners.busy, max: settings.maxWorkers },
    stateEntries: store.size,
    held: hold.causes,
    leaseAgeMs: lease.ageMs,
    others,
    outcomes: { ...tally.outcomes },
  };
}
