import * as z from 'zod/mini';
import { errorCodes } from '../intent/codes.ts';
import { suspicions } from '../intent/suspicion.ts';
import type { CheckResult } from '../intent/types.ts';
import type { PorchResult } from '../porch/types.ts';

/** What the workers say to the main thread: an answer bears the number of its question. */

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
  z.object({ type: z.literal('pong') }),
  z.object({ type: z.literal('warmed') }),
  /** Not an answer: the thread blocks while porch runs, and hears only what is written here. */
  z.object({ type: z.literal('control'), fd: z.number(), ends: z.array(z.number()) }),
]);

export type FromWorker = z.infer<typeof fromWorker>;
