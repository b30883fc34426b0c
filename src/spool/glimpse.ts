import { opendirSync } from 'node:fs';
import { isIntentName } from '../intent/names.ts';
import { errnoOf } from '../platform/index.ts';

/** More than we have names of our own in there. */
const FEW = 64;

/** Whether intents wait, as far as the first names of a directory tell: to read them all takes longer. */
export function seemsToWait(handoff: string): boolean {
  try {
    using directory = opendirSync(handoff, { bufferSize: FEW });
    for (let read = 0; read < FEW; read++) {
      const entry = directory.readSync();
      if (!entry) return false;
      if (isIntentName(entry.name)) return true;
    }
    return false;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
