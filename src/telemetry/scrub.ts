import { shapes } from './secrets.ts';

/**
 * Replaces what looks like a secret by `[REDACTED]`; the shapes are in secrets.ts. Scrub before cutting
 * a text: half a secret is not recognised.
 */
export function scrub(text: string): string {
  let clean = text;
  for (const { pattern, replacement } of shapes) {
    // The two cases are two overloads of replace.
    if (typeof replacement === 'string') clean = clean.replace(pattern, replacement);
    else clean = clean.replace(pattern, replacement);
  }
  return clean;
}

/** Control characters but newline and tab, and the marks that turn the direction of writing. */
const controls =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

/**
 * Makes a text safe to show and to store: control characters except newline and tab become `\xNN` (or
 * `\uNNNN`), lone surrogates U+FFFD, and Windows' line ends plain ones.
 */
export function cleanControl(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .toWellFormed()
    .replace(controls, (character) => {
      const code = character.charCodeAt(0);
      const hex = code.toString(16);
      return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
    });
}
