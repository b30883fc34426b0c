import * as z from 'zod/mini';
import type { CheckLimits } from '../intent/types.ts';
import type { PorchRequest, SpawnerName } from '../porch/types.ts';

/**
 * What the main thread says to its workers; `answers.ts` is what they say. Each question has a number,
 * and the answer bears the same one. A thread holds all of this: so it is written in the smaller zod.
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
const cancel = z.object({ type: z.literal('cancel'), signal: z.enum(['SIGTERM', 'SIGKILL']) });

/** The first message to a thread, so that it can get ready for its work, is of the type `warm`. */
export const toReader = z.discriminatedUnion('type', [
  ping,
  z.object({ type: z.literal('warm'), limits }),
  z.object({ type: z.literal('check'), id: z.number(), paths: z.array(z.string()), limits }),
  z.object({
    type: z.literal('look'),
    id: z.number(),
    directory: z.string(),
    rawNames: z.array(z.string()),
  }),
]);

/** Nobody would hear of a question without any. */
const requests = z.array(request).check(z.minLength(1));

export const toRunner = z.discriminatedUnion('type', [
  ping,
  cancel,
  z.object({ type: z.literal('warm'), spawner }),
  z.object({ type: z.literal('run'), id: z.number(), requests, spawner }),
]);

export const toEmbedded = z.discriminatedUnion('type', [
  ping,
  cancel,
  z.object({ type: z.literal('warm') }),
  z.object({
    type: z.literal('run'),
    id: z.number(),
    requests,
    limits,
    spawner: z.literal('builtin'),
  }),
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
