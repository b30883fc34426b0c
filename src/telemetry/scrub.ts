const redacted = '[REDACTED]';

/**
 * The shapes of secrets, each with what replaces it, in the order in which they are applied: whole
 * blocks first, then headers and URLs, then tokens that have a shape of their own.
 */
const shapes: readonly (readonly [RegExp, string])[] = [
  // A private key in PEM, also where its end or (in the tail of a longer text) its beginning is cut off.
  [
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    redacted,
  ],
  [/^[A-Za-z0-9+/=\s\\]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/, redacted],
  [/(Authorization\\?["']?[ \t]*[:=][ \t]*\\?["']?)[^"'\\\r\n]+/gi, `$1${redacted}`],
  [/\b(Bearer[ \t]+)[A-Za-z0-9._~+/=-]{6,}/gi, `$1${redacted}`],
  // The user's name stays: it tells whose password it was.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@"']{0,256}:)[^\s/"']{1,1024}@/gi, `$1${redacted}@`],
  // A JWT, also without its signature.
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g, redacted],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, redacted],
  [/\bgh[pousr]_[A-Za-z0-9]{16,}/g, redacted],
  [/\bgithub_pat_[A-Za-z0-9_]{20,}/g, redacted],
  [/\bxox[a-z]-[A-Za-z0-9-]{10,}/g, redacted],
  [/\bxapp-[A-Za-z0-9-]{10,}/g, redacted],
  [/(\bhooks\.slack\.com\/services\/)[A-Za-z0-9/_-]+/g, `$1${redacted}`],
];

const secretName =
  '(?:passw(?:or)?d|passphrase|pwd|token|secret|credentials?|api[_-]?key|access[_-]?key|private[_-]?key)[A-Za-z0-9_.-]{0,64}';
/** A string as a value, in JSON that is itself in a string, in JSON and in a shell; it may be cut off. */
const quoted = String.raw`\\"(?:(?!\\").)*(?:\\")?|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?`;

/** What stands after a secret's name: `"token": "x"`, `password=x`, `--api-key x`. */
const namedValues: readonly RegExp[] = [
  new RegExp(
    String.raw`(${secretName}\\?["'][ \t]*[:=][ \t]*)(${quoted}|\[[^\]]{0,4096}\]?|[^\s"',}\]]+)`,
    'gi',
  ),
  new RegExp(String.raw`(${secretName}[ \t]*[:=][ \t]*)(${quoted}|[^\s"']+)`, 'gi'),
  new RegExp(
    String.raw`((?:^|\s)--?(?:[a-z0-9]+[-_]){0,4}${secretName}[ \t]+)(${quoted}|[^\s"'-][^\s"']*)`,
    'gi',
  ),
];

/**
 * Replaces what looks like a secret by `[REDACTED]`: bearer tokens and Authorization headers, JWTs, keys
 * of AWS, tokens of GitHub and Slack, private keys in PEM, passwords in URLs, and the values of names
 * such as password, token, secret and api_key. Scrub before cutting a text: half a secret is not recognised.
 */
export function scrub(text: string): string {
  let clean = text;
  for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement);
  for (const shape of namedValues) clean = clean.replace(shape, redactNamed);
  return clean;
}

/** Keeps the quotes, so that what was JSON stays JSON. */
function redactNamed(whole: string, name: string, value: string): string {
  if (value.includes(redacted)) return whole;
  const mark = /^(?:\\"|"|')/.exec(value)?.[0] ?? (value.startsWith('[') ? '"' : '');
  return `${name}${mark}${redacted}${mark}`;
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
