import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from './portable.ts';

/** A quarter of a second in all: who holds a file longer than that is for our callers to deal with. */
const PAUSES_MS = [1, 2, 4, 8, 16, 32, 64, 128];

/** What Windows says of a file that is open elsewhere; EPERM and EACCES may also mean just that. */
const IN_USE = new Set(['EBUSY', 'EPERM', 'EACCES']);

const cell = new Int32Array(new SharedArrayBuffer(4));
const pause = (ms: number) => void Atomics.wait(cell, 0, 0, ms);

/**
 * On Windows a file cannot be moved, replaced or removed while another program has it open and does
 * not expect that: virus scanners, indexers and backups do so for moments. Such a step is tried again,
 * with growing pauses.
 */
export function retrySharing<T>(step: () => T, wait: (ms: number) => void = pause): T {
  for (const ms of PAUSES_MS) {
    try {
      return step();
    } catch (error) {
      if (!isInUse(error)) throw error;
      wait(ms);
    }
  }
  return step();
}

/** The same for a step that others need not wait for. */
export async function retrySharingAsync<T>(step: () => Promise<T>): Promise<T> {
  for (const ms of PAUSES_MS) {
    try {
      return await step();
    } catch (error) {
      if (!isInUse(error)) throw error;
      await delay(ms);
    }
  }
  return await step();
}

const isInUse = (error: unknown) => IN_USE.has(errnoOf(error) ?? '');
