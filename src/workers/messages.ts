import * as z from 'zod';
import { errorCodes } from '../intent/codes.ts';
import { suspicions } from '../intent/suspicion.ts';
import type { CheckLimits, CheckResult } from '../intent/types.ts';
import type { PorchRequest, PorchResult, SpawnerName } from '../porch/types.ts';

/**
 * What passes between the main thread and its workers. Each message to a worker has a number; the
 * answer bears the same one.
 */

const limits = z.object({
  maxFileSize: z.number(),
  maxReplicas: z.number(),
  systemNamespaces: z.array(z.string()).readonly(),
}) satisfies z.ZodType<CheckLimits>;

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
  porchEnv: z.array(z.string()).readonly(),
}) satisfies z.ZodType<PorchRequest>;

export const toWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('check'), id: z.number(), paths: z.array(z.string()), limits }),
  z.object({
    type: z.literal('look'),
    id: z.number(),
    directory: z.string(),
    rawNames: z.array(z.string()),
  }),
  z.object({
    type: z.literal('run'),
    id: z.number(),
    requests: z.array(request),
    limits,
    spawner: z.enum(['native', 'node']) satisfies z.ZodType<SpawnerName>,
  }),
  z.object({ type: z.literal('sync'), id: z.number(), path: z.string() }),
  z.object({ type: z.literal('ping') }),
  /** The first message to a thread: what its work is, so that it can get ready for it. */
  z.object({
    type: z.literal('warm'),
    work: z.enum(['check', 'native', 'node', 'builtin']),
    limits,
  }),
  z.object({ type: z.literal('cancel'), signal: z.enum(['SIGTERM', 'SIGKILL']) }),
]);

const errorCode = z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]);
const identity = z.object({ ino: z.string(), size: z.number(), mtimeNs: z.string() });

const refusal = z.object({
  code: errorCode,
  message: z.string(),
  mend: z.string(),
  path: z.string().exactOptional(),
  line: z.number().exactOptional(),
  column: z.number().exactOptional(),
  mayPass: z.boolean(),
  suspicion: z.enum(suspicions).exactOptional(),
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
    identity: identity.nullable(),
    sha256: z.string().nullable(),
    correlationId: z.string(),
    changedMs: z.number(),
  }),
  z.object({ kind: z.literal('gone') }),
  z.object({ kind: z.literal('unavailable'), errno: z.string(), message: z.string() }),
]) satisfies z.ZodType<CheckResult>;

const systemError = z.object({ errno: z.string(), message: z.string() });

const porchResult = z.object({
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  startError: systemError.extend({ unfit: z.literal(true).exactOptional() }).nullable(),
  timedOut: z.boolean(),
  cancelled: z.boolean(),
  replaced: z.boolean(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
}) satisfies z.ZodType<PorchResult>;

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
  z.object({ type: z.literal('synced'), id: z.number(), error: systemError.nullable() }),
  z.object({ type: z.literal('pong') }),
  z.object({ type: z.literal('warmed') }),
  /** Not an answer: the thread blocks while porch runs, and hears only what is written here. */
  z.object({ type: z.literal('control'), fd: z.number(), ends: z.array(z.number()) }),
]);

export type ToWorker = z.infer<typeof toWorker>;
/** What a thread does when it is first asked. */
export type WarmUp = Extract<ToWorker, { type: 'warm' }>;
export type FromWorker = z.infer<typeof fromWorker>;
