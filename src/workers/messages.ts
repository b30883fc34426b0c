import * as z from 'zod/mini';
import { errorCodes } from '../intent/codes.ts';
import { suspicions } from '../intent/suspicion.ts';
import type { CheckLimits, CheckResult } from '../intent/types.ts';
import type { PorchRequest, PorchResult, SpawnerName } from '../porch/types.ts';

/**
 * What passes between the main thread and its workers. Each message to a worker has a number; the
 * answer bears the same one. A thread holds all of this: so it is written in the smaller zod.
 */

const limits = z.object({
  maxFileSize: z.number(),
  maxReplicas: z.number(),
  systemNamespaces: z.readonly(z.array(z.string())),
}) satisfies z.ZodMiniType<CheckLimits>;

const request = z.object({
  porch: z.string(),
  mode: z.enum(['direct', 'structured']),
  intentPath: z.string(),
  outDir: z.string(),
  timeoutMs: z.number(),
  runId: z.string(),
  attempt: z.number(),
  sha256: z.string(),
  correlationId: z.string(),
  porchEnv: z.readonly(z.array(z.string())),
}) satisfies z.ZodMiniType<PorchRequest>;

const spawner = z.enum(['native', 'node']) satisfies z.ZodMiniType<SpawnerName>;

const ping = z.object({ type: z.literal('ping') });
const sync = z.object({ type: z.literal('sync'), id: z.number(), path: z.string() });
const cancel = z.object({ type: z.literal('cancel'), signal: z.enum(['SIGTERM', 'SIGKILL']) });

/** The first message to a thread, so that it can get ready for its work, is of the type `warm`. */
export const toReader = z.discriminatedUnion('type', [
  ping,
  sync,
  z.object({ type: z.literal('warm'), limits }),
  z.object({ type: z.literal('check'), id: z.number(), paths: z.array(z.string()), limits }),
  z.object({
    type: z.literal('look'),
    id: z.number(),
    directory: z.string(),
    rawNames: z.array(z.string()),
  }),
]);

export const toRunner = z.discriminatedUnion('type', [
  ping,
  sync,
  cancel,
  z.object({ type: z.literal('warm'), spawner }),
  z.object({ type: z.literal('run'), id: z.number(), requests: z.array(request), spawner }),
]);

export const toEmbedded = z.discriminatedUnion('type', [
  ping,
  cancel,
  z.object({ type: z.literal('warm') }),
  z.object({
    type: z.literal('run'),
    id: z.number(),
    requests: z.array(request),
    limits,
    spawner: z.literal('builtin'),
  }),
]);

const errorCode = z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]);
const identity = z.object({ ino: z.string(), size: z.number(), mtimeNs: z.string() });

const refusal = z.object({
  code: errorCode,
  message: z.string(),
  mend: z.string(),
  path: z.exactOptional(z.string()),
  line: z.exactOptional(z.number()),
  column: z.exactOptional(z.number()),
  mayPass: z.boolean(),
  suspicion: z.exactOptional(z.enum(suspicions)),
});

const checkResult = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('accepted'),
    intent: z.object({
      identity,
      sha256: z.string(),
      namespace: z.string(),
      target: z.string(),
      priority: z.number(),
      timeoutMs: z.number(),
      correlationId: z.string(),
    }),
  }),
  z.object({
    kind: z.literal('refused'),
    refusal,
    identity: z.nullable(identity),
    sha256: z.nullable(z.string()),
    correlationId: z.string(),
    changedMs: z.number(),
  }),
  z.object({ kind: z.literal('gone') }),
  z.object({ kind: z.literal('unavailable'), errno: z.string(), message: z.string() }),
]) satisfies z.ZodMiniType<CheckResult>;

const systemError = z.object({ errno: z.string(), message: z.string() });

const porchResult = z.object({
  exitCode: z.nullable(z.number()),
  signal: z.nullable(z.string()),
  startError: z.nullable(z.extend(systemError, { unfit: z.exactOptional(z.literal(true)) })),
  timedOut: z.boolean(),
  cancelled: z.boolean(),
  replaced: z.boolean(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
}) satisfies z.ZodMiniType<PorchResult>;

export const fromWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('checked'), id: z.number(), results: z.array(checkResult) }),
  z.object({
    type: z.literal('seen'),
    id: z.number(),
    times: z.instanceof(Float64Array<ArrayBuffer>),
  }),
  z.object({
    type: z.literal('ran'),
    id: z.number(),
    /** The next ones, in the order of the requests. */
    results: z.array(porchResult),
    /** So many requests, counted from the last, are handed back without having begun. */
    returned: z.number(),
    /** False where results of the same question are still to come. */
    done: z.boolean(),
  }),
  z.object({ type: z.literal('synced'), id: z.number(), error: z.nullable(systemError) }),
  z.object({ type: z.literal('pong') }),
  z.object({ type: z.literal('warmed') }),
  /** Not an answer: the thread blocks while porch runs, and hears only what is written here. */
  z.object({ type: z.literal('control'), fd: z.number(), ends: z.array(z.number()) }),
]);

/** What is said to each kind of thread. */
export type Said = {
  reader: z.infer<typeof toReader>;
  runner: z.infer<typeof toRunner>;
  embedded: z.infer<typeof toEmbedded>;
};
export type Kind = keyof Said;
/** What a thread does when it is first asked. */
export type WarmUp<K extends Kind> = Extract<Said[K], { type: 'warm' }>;
export type Sync = z.infer<typeof sync>;
export type FromWorker = z.infer<typeof fromWorker>;
