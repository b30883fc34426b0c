/**
 * Most names are made of these letters only, and of those three fit into two bytes. They have numbers in
 * their order; `NOTHING`, which stands behind the last one, comes after `-` and before the others, for
 * behind a name there is a point.
 */
const LETTERS = Buffer.from('-?.0123456789_abcdefghijklmnopqrstuvwxyz');
const BASE = LETTERS.length;
const NOTHING = 1;
const POINT = 2;

const NO_LETTER = 64;
const NUMBERS = new Uint8Array(256).fill(NO_LETTER);
for (const [number, letter] of LETTERS.entries()) if (number !== NOTHING) NUMBERS[letter] = number;

/** Where names are unpacked; they are seldom longer. */
const usualRoom = Buffer.alloc(1024);

/**
 * Packs the letters that lie in `bytes`, from `from` to before `end`, into the begin of `packed`, behind
 * its first byte, which is left to the caller; both may be the same, if they begin there. Gives how many
 * bytes that makes with the first one; 0 where there are other letters, and then anything may lie there.
 */
export function pack(bytes: Buffer, from: number, end: number, packed: Buffer): number {
  let [to, all] = [1, 0];
  for (let index = from; index < end; index += 3) {
    const first = NUMBERS[bytes[index] ?? 0] ?? NO_LETTER;
    const second = index + 1 < end ? (NUMBERS[bytes[index + 1] ?? 0] ?? NO_LETTER) : NOTHING;
    const third = index + 2 < end ? (NUMBERS[bytes[index + 2] ?? 0] ?? NO_LETTER) : NOTHING;
    all |= first | second | third;
    const pair = (first * BASE + second) * BASE + third;
    packed[to] = pair >> 8;
    packed[to + 1] = pair;
    to += 2;
  }
  return all < NO_LETTER ? to : 0;
}

/** What was packed into the bytes from `from`, which is behind that first one, to before `end`. */
export function unpack(bytes: Buffer, from: number, end: number): string {
  const most = 3 * ((end - from) / 2);
  const room = most <= usualRoom.length ? usualRoom : Buffer.alloc(most);
  let to = 0;
  for (let index = from; index < end; index += 2) {
    const pair = pairAt(bytes, index);
    const two = Math.trunc(pair / BASE);
    room[to] = LETTERS[Math.trunc(two / BASE)] ?? 0;
    room[to + 1] = LETTERS[two % BASE] ?? 0;
    room[to + 2] = LETTERS[pair % BASE] ?? 0;
    to += 3;
  }
  while (to > 0 && room[to - 1] === LETTERS[NOTHING]) to--;
  return room.toString('latin1', 0, to);
}

const pairAt = (bytes: Buffer, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/**
 * Less than 0 where the first of two names comes before the second, which are the same before these two
 * pairs of bytes; 0 where that is not told by them.
 */
export function difference(a: Buffer, atA: number, b: Buffer, atB: number): number {
  let [pair, other] = [pairAt(a, atA), pairAt(b, atB)];
  let [first, second] = [NOTHING, NOTHING];
  while (pair !== other) {
    [first, second] = [pair % BASE, other % BASE];
    [pair, other] = [Math.trunc(pair / BASE), Math.trunc(other / BASE)];
  }
  // The point is that of `.json` for one of them.
  const isPoint = Math.min(first, second) === NOTHING && Math.max(first, second) === POINT;
  return isPoint ? 0 : first - second;
}
