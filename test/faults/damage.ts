import { long, scaled } from './scale.ts';

/** What a fault does to one byte. */
const flips = {
  'lowest bit': (byte: number) => byte ^ 1,
  'highest bit': (byte: number) => byte ^ 0x80,
  'line feed': () => 0x0a,
  nul: () => 0,
} as const;

const kinds = Object.values(flips);

export type Damage = { what: string; bytes: Buffer };

/** The bytes cut off before each of them, or before some. */
export function* cuts(whole: Buffer, step = 1): Generator<Damage> {
  for (let at = 0; at < whole.length; at += step) {
    yield { what: `cut at byte ${at}`, bytes: whole.subarray(0, at) };
  }
}

/** Each byte flipped, or one in so many: in the long form in each way, else in one after the other. */
export function* flipped(whole: Buffer, step = 1): Generator<Damage> {
  for (let at = 0; at < whole.length; at += step) {
    for (const [name, flip] of Object.entries(flips)) {
      const bytes = Buffer.from(whole);
      bytes[at] = flip(whole.readUInt8(at));
      const chosen = long || kinds.indexOf(flip) === Math.floor(at / step) % kinds.length;
      // What is there already is no damage.
      if (chosen && !bytes.equals(whole)) yield { what: `byte ${at}, ${name}`, bytes };
    }
  }
}

/** Steps through so many places in the short form, and through every byte in the long one. */
export const stepFor = (whole: Buffer, places: number): number =>
  scaled(Math.max(1, Math.floor(whole.length / places)), 1);
