import type { Intent } from '../../intent/schema.ts';
import { errnoOf } from '../../platform/index.ts';
import { findPlace, type Place, RefusedPackage } from './plan.ts';
import { renderPackage, UnrenderableIntent } from './render.ts';
import { type WriteFailure, writePackages } from './write.ts';

/** How often a package that others keep writing at the same time is tried anew. */
const mostRounds = 200;

/** An intent, and the OUT directory (absolute) for its package. */
export type Order = { intent: Intent; outDir: string };

export type Packed =
  | { kind: 'written'; place: Place }
  /** The intent cannot have this package, now or later. */
  | { kind: 'refused'; message: string }
  /** The disk refused, which says nothing about the intent. */
  | { kind: 'unavailable'; errno: string; message: string };

type Prepared = { order: Order; place: Place; files: ReadonlyMap<string, string> };

/**
 * Writes the packages of several intents, with shared syncs; they are on disk when it returns.
 * Gives an outcome for each order. Of two that want the same place the first has it: the second
 * finds it changed, looks again, and sees whose it is.
 */
export function packIntents(orders: readonly Order[]): Map<Order, Packed> {
  const outcomes = new Map<Order, Packed>();
  let open = orders;
  for (let round = 1; open.length > 0; round += 1) {
    const prepared = open.flatMap((order) => {
      const outcome = prepare(order);
      if (!('kind' in outcome)) return outcome;
      outcomes.set(order, outcome);
      return [];
    });
    const failures = writePackages(
      prepared.map(({ place, files }) => ({ dir: place.dir, replaces: place.replaces, files })),
    );
    open = prepared.flatMap(({ order, place }, index) => {
      const failure = failures[index] ?? null;
      if (failure?.errno === 'ESTALE' && round < mostRounds) return order;
      outcomes.set(order, failure ? failed(failure) : { kind: 'written', place });
      return [];
    });
  }
  return outcomes;
}

function prepare(order: Order): Prepared | Packed {
  const { intent, outDir } = order;
  try {
    const place = findPlace(intent, outDir);
    return { order, place, files: renderPackage(intent, place.name) };
  } catch (error) {
    if (error instanceof RefusedPackage || error instanceof UnrenderableIntent) {
      return { kind: 'refused', message: error.message };
    }
    const errno = errnoOf(error);
    if (errno === undefined || !(error instanceof Error)) throw error;
    return failed({ errno, message: error.message });
  }
}

function failed({ errno, message }: WriteFailure): Packed {
  // OUT and the names of this intent are too long together, which waiting does not cure.
  if (errno === 'ENAMETOOLONG') return { kind: 'refused', message };
  return { kind: 'unavailable', errno, message };
}
