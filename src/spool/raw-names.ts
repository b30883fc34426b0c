import { join } from 'node:path';
import { isIntentName, isRefusedName, refusedName } from '../intent/names.ts';
import type { Path } from '../platform/index.ts';

/**
 * The name under which an entry of handoff is dealt with; undefined where it is not an intent's. Raw
 * names are Latin-1, one character a byte, so that nothing is lost of those that are not UTF-8.
 */
export function nameOf(rawName: string): string | undefined {
  if (!isIntentName(rawName)) return undefined;
  if (/^[\w.-]{1,200}$/.test(rawName) && !rawName.startsWith(given.toString())) return rawName;
  const raw = Buffer.from(rawName, 'latin1');
  return refusedName(raw)?.safeName ?? raw.toString('utf8');
}

/** Such names are given in the place of refused ones. */
const given = Buffer.from('intent-refused-');

/** Whether a raw name that lies in `bytes` begins as those do: it is not the name of what bears it. */
export function mayBeGiven(bytes: Buffer, from: number): boolean {
  for (let index = 0; index < given.length; index++) {
    if (bytes[from + index] !== given[index]) return false;
  }
  return true;
}

/** What the files are really called whose names are refused, as long as they wait. */
export class RawNames {
  /** Handoff with the separator after it: to join a million paths takes longer than all else here. */
  readonly #prefix: string;
  readonly #names = new Map<string, Buffer>();

  constructor(handoff: string) {
    this.#prefix = join(handoff, '/');
  }

  remember(name: string, rawName: string): void {
    if (isRefusedName(name)) this.#names.set(name, Buffer.from(rawName, 'latin1'));
  }

  forget(name: string): void {
    this.#names.delete(name);
  }

  pathOf(name: string): Path {
    return this.#join(name, this.#names.get(name));
  }

  /** The same of one that is not remembered, or not as it is called now. */
  pathOfRaw(name: string, rawName: string): Path {
    return this.#join(name, isRefusedName(name) ? Buffer.from(rawName, 'latin1') : undefined);
  }

  #join(name: string, raw: Buffer | undefined): Path {
    if (!raw) return `${this.#prefix}${name}`;
    return Buffer.concat([Buffer.from(this.#prefix), raw]);
  }

  /** Why a name was refused, and the name made printable; undefined where it was not. */
  refusalOf(name: string): { reason: string; escaped: string } | undefined {
    const raw = this.#names.get(name);
    const refused = raw && refusedName(raw);
    return refused ? { reason: refused.reason, escaped: refused.escaped } : undefined;
  }
}
