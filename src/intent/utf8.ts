import { isUtf8 } from 'node:buffer';

/**
 * The length of the character that begins at `offset`, or 0 where no valid one does (RFC 3629: no
 * surrogates, nothing overlong, nothing above U+10FFFF).
 */
export function characterLength(bytes: Uint8Array, offset: number): number {
  const lead = bytes[offset] ?? 0xff;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const end = offset + length;
  return end <= bytes.length && isUtf8(bytes.subarray(offset, end)) ? length : 0;
}

/** The place of the first byte that is not UTF-8, in a file that is known to have one. */
export function firstBadByte(bytes: Buffer): { offset: number; line: number; column: number } {
  let offset = longestValidPrefix(bytes);
  for (;;) {
    const length = offset < bytes.length ? characterLength(bytes, offset) : 0;
    if (length === 0) break;
    offset += length;
  }
  const lineStart = bytes.lastIndexOf(0x0a, offset - 1) + 1;
  let line = 1;
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, at + 1)) {
    line++;
  }
  const column = bytes.toString('utf8', lineStart, offset).length + 1;
  return { offset, line, column };
}

/** Skips in big steps what is plainly valid; stops at a block that is not, or is cut by its end. */
function longestValidPrefix(bytes: Buffer): number {
  const block = 4096;
  let valid = 0;
  while (valid + block <= bytes.length) {
    let end = valid + block;
    // A block must not end inside a character.
    while (end > valid && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    if (end === valid || !isUtf8(bytes.subarray(valid, end))) break;
    valid = end;
  }
  return valid;
}
