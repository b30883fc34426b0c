import type { Progress } from './cli/progress.ts';
import type { Settings } from './config/settings.ts';
import type { Claims } from './pipeline/claims.ts';
import type { Handover } from './pipeline/handover.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import type { Recovered } from './pipeline/recovery.ts';
import type { Strays } from './pipeline/strays.ts';
import type { Tally } from './pipeline/tally.ts';
import type { Hold } from './queue/hold.ts';
import type { Intake } from './spool/intake.ts';
import type { Layout } from './spool/layout.ts';
import type { Lease } from './spool/lease.ts';
import type { Members } from './spool/members.ts';
import type { Retention } from './spool/retention.ts';
import type { Store } from './state/store.ts';
import type { Service } from './systemd/service.ts';
import type { Log } from './telemetry/log.ts';
import type { Pool } from './workers/pool.ts';

/** Exit codes, docs/reference.md. */
export const EXIT = { ok: 0, unusable: 2, failures: 8 } as const;

/** The parts of the running program that its life is made of. */
export type Parts = {
  settings: Settings;
  /** Absolute path of porch, or `builtin`. */
  porch: string;
  log: Log;
  progress: Progress | null;
  layout: Layout;
  lease: Lease;
  hold: Hold;
  store: Store;
  pool: Pool;
  strays: Strays;
  tally: Tally;
  intake: Intake;
  claims: Claims;
  pipeline: Pipeline;
  retention: Retention;
  members: Members;
  handover: Handover;
  service: Service;
  recover(): Promise<Recovered>;
};

export type Phase = 'starting' | 'running' | 'stopping';

/** Why the program ends. */
export type End =
  | { kind: 'signal'; signal: NodeJS.Signals }
  | { kind: 'done' }
  /** `--once` has waited long enough for a disk or a porch that refuses to work. */
  | { kind: 'held' }
  /** Another directory took the place of handoff. */
  | { kind: 'replaced' }
  /** Another instance has declared us dead. */
  | { kind: 'taken-over' };
