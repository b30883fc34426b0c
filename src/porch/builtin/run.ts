import { performance } from 'node:perf_hooks';
import { formatDuration } from '../../config/units.ts';
import { errorCodes } from '../../intent/codes.ts';
import { readIntent } from '../../intent/read.ts';
import { placeOf } from '../../intent/refusal.ts';
import type { CheckLimits, Refusal } from '../../intent/types.ts';
import type { PorchRequest, PorchResult } from '../types.ts';
import { type Order, type Packed, packIntents } from './pack.ts';

/** What the embedded porch needs to know of a run. */
export type BuiltinRequest = Pick<PorchRequest, 'intentPath' | 'outDir' | 'mode'>;

/** What a run ended with; the rest of a result is the same for all of one call. */
type Ending = Pick<PorchResult, 'exitCode' | 'startError' | 'stdout' | 'stderr'>;

/**
 * Runs the embedded porch for each request and gives their results in the same order, each with
 * the time that all took together, as they share their syncs. Exit code 0: the package is on disk;
 * 1: the intent cannot be done, stderr says why. A disk that refuses is a `startError`: it is no
 * fault of the intent. No two requests may have the same target. Works synchronously.
 */
export function runBuiltin(
  requests: readonly BuiltinRequest[],
  limits: CheckLimits,
): PorchResult[] {
  const startedMs = performance.now();
  const reads = requests.map((request) => readOrder(request, limits));
  const packed = packIntents(reads.filter((read) => 'intent' in read));
  const durationMs = performance.now() - startedMs;
  return requests.map((request, index) => ({
    ...endingOf(request, reads[index], packed, durationMs),
    signal: null,
    timedOut: false,
    cancelled: false,
    replaced: false,
    durationMs,
  }));
}

function readOrder(request: BuiltinRequest, limits: CheckLimits): Order | Ending {
  const read = readIntent(request.intentPath, limits);
  switch (read.kind) {
    case 'accepted':
      return { intent: read.value, outDir: request.outDir };
    case 'refused':
      return cannotBeDone(`intent refused: ${describe(read.refusal)}`);
    case 'gone':
      return cannotBeDone(`${request.intentPath}: no such file`);
    case 'unavailable':
      return diskRefused(read.errno, read.message);
  }
}

function endingOf(
  { mode }: BuiltinRequest,
  read: Order | Ending | undefined,
  packed: ReadonlyMap<Order, Packed>,
  durationMs: number,
): Ending {
  if (read && !('intent' in read)) return read;
  const outcome = read && packed.get(read);
  if (!outcome) throw new Error('an intent was left without an outcome');
  switch (outcome.kind) {
    case 'written': {
      const say = mode === 'structured' ? structuredOutput : directOutput;
      const stdout = `${say(read, outcome, durationMs)}\n`;
      return { exitCode: 0, startError: null, stdout, stderr: '' };
    }
    case 'refused':
      return cannotBeDone(outcome.message);
    case 'unavailable':
      return diskRefused(outcome.errno, outcome.message);
  }
}

type Written = Extract<Packed, { kind: 'written' }>;

/** The first line of the porch that the API guide describes, and where the package is. */
function directOutput(_order: Order, { place }: Written): string {
  return `Package successfully created: ${place.name} (${place.dir})`;
}

/** One JSON object on one line, with the keys of the API guide. */
function structuredOutput({ intent }: Order, { place }: Written, durationMs: number): string {
  return JSON.stringify({
    status: 'success',
    package_name: place.name,
    deployment: {
      namespace: intent.namespace,
      name: intent.target,
      previous_replicas: place.previousReplicas,
      new_replicas: intent.replicas,
    },
    timestamp: new Date().toISOString(),
    duration: formatDuration(durationMs),
  });
}

function describe(refusal: Refusal): string {
  const place = placeOf(refusal);
  const where = place === '' ? '' : ` at ${place}`;
  return `${refusal.code} ${errorCodes[refusal.code]}: ${refusal.message}${where}; ${refusal.mend}`;
}

const cannotBeDone = (message: string): Ending => ({
  exitCode: 1,
  startError: null,
  stdout: '',
  stderr: `porch: ${message}\n`,
});

const diskRefused = (errno: string, message: string): Ending => ({
  exitCode: null,
  startError: { errno, message },
  stdout: '',
  stderr: '',
});
