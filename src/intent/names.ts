import { hash } from 'node:crypto';
import { characterLength } from './utf8.ts';

const prefix = 'intent-';
const suffix = '.json';
/** Leaves room for `.error.log` and a time stamp in the 255 bytes that file systems give. */
const longestName = 200;

/** Control characters (C0, DEL, C1), invisible format characters and the marks that turn writing. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const reservedOnWindows = /[<>:"|?*\\]/;

/** Whether a name in the handoff directory is that of an intent: `intent-*.json`. */
export function isIntentName(name: string | Buffer): boolean {
  const text = typeof name === 'string' ? name : name.toString('latin1');
  return text.startsWith(prefix) && text.endsWith(suffix);
}

/** Whether a name is one that `refusedName` gives instead of a refused one. */
export function isRefusedName(name: string): boolean {
  return /^intent-refused-[0-9a-f]{16}\.json$/.test(name);
}

/** A name that cannot be kept. */
export type RefusedName = {
  /** What is wrong with it, in a few words. */
  reason: string;
  /** The name that the file gets instead. */
  safeName: string;
  /** The name as it can be shown: bytes that are not printable, and `\` itself, as `\xNN`. */
  escaped: string;
};

/**
 * Says what is wrong with the name of an intent, or null where it can be kept. Two names get the same
 * safe name only if they are the same bytes.
 */
export function refusedName(bytes: Buffer): RefusedName | null {
  const { escaped, isUtf8, hasInvisible } = escapeName(bytes);
  const reserved = reservedOnWindows.exec(bytes.toString('latin1'))?.[0];
  const reason = !isUtf8
    ? 'the name is not UTF-8'
    : hasInvisible
      ? 'the name has control characters'
      : bytes.length > longestName
        ? `the name has ${bytes.length} bytes, more than ${longestName}`
        : reserved !== undefined
          ? `the name has a character that is reserved on Windows: ${reserved}`
          : isRefusedName(bytes.toString('latin1'))
            ? 'such names are given to files whose own name was refused'
            : null;
  if (reason === null) return null;
  const digest = hash('sha256', bytes).slice(0, 16);
  return { reason, safeName: `${prefix}refused-${digest}${suffix}`, escaped };
}

function escapeName(bytes: Buffer) {
  let escaped = '';
  let isUtf8 = true;
  let hasInvisible = false;
  for (let offset = 0; offset < bytes.length; ) {
    const length = characterLength(bytes, offset);
    const character = bytes.toString('utf8', offset, offset + length);
    const isHidden = invisible.test(character);
    if (length === 0) isUtf8 = false;
    if (isHidden) hasInvisible = true;
    const end = offset + Math.max(1, length);
    escaped +=
      length === 0 || isHidden || character === '\\'
        ? Array.from(bytes.subarray(offset, end), hexEscape).join('')
        : character;
    offset = end;
  }
  return { escaped, isUtf8, hasInvisible };
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
