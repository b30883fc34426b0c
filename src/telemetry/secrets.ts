export const redacted = '[REDACTED]';

/**
 * A shape of secrets: what is found, and what takes its place. Each is found in linear time, whatever
 * the text: nothing without a bound may be tried at many places over the same stretch.
 */
export type Shape = {
  name: string;
  pattern: RegExp;
  replacement: string | ((found: string, ...groups: string[]) => string);
};

const keepFirst = `$1${redacted}`;

/** A word with a beginning that says whose token it is. */
const token = (name: string, pattern: RegExp): Shape => ({ name, pattern, replacement: redacted });

/** In the order in which they are applied: whole blocks first, then headers and URLs, then tokens. */
export const shapes: readonly Shape[] = [
  // Also where its end is cut off.
  token(
    'private key in PEM',
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  ),
  token(
    'tail of a private key in PEM',
    /^[A-Za-z0-9+/=\s\\]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/,
  ),
  {
    name: 'private key in PEM in base64, as in a kubeconfig',
    pattern: /\bLS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/g,
    replacement: (found) =>
      decoded(found.slice(0, 80)).includes('PRIVATE KEY') ? redacted : found,
  },
  {
    name: 'Authorization header',
    pattern: /(Authorization\\?["']?[ \t]*[:=][ \t]*\\?["']?)[^"'\\\r\n]+/gi,
    replacement: keepFirst,
  },
  {
    name: 'cookie',
    pattern: /(\b(?:Set-)?Cookie\\?["']?[ \t]*[:=][ \t]*\\?["']?)[^"'\\\r\n]+/gi,
    replacement: keepFirst,
  },
  {
    name: 'bearer token',
    pattern: /\b(Bearer[ \t]+)[A-Za-z0-9._~+/=-]{6,}/gi,
    replacement: keepFirst,
  },
  {
    // Whatever else may follow the word is no user:password.
    name: 'basic authentication',
    pattern: /\b(Basic[ \t]+)([A-Za-z0-9+/]{6,1024}={0,2})(?![A-Za-z0-9+/=])/gi,
    replacement: (found, name = '', value = '') =>
      /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(decoded(value)) ? name + redacted : found,
  },
  {
    name: 'login in the configuration of Docker',
    pattern: /(\\?["']auth\\?["'][ \t]*:[ \t]*\\?["'])[A-Za-z0-9+/]{8,}={0,2}/g,
    replacement: keepFirst,
  },
  {
    // The user's name stays: it tells whose password it was.
    name: 'password in a URL',
    pattern: /\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@"']{0,256}:)[^\s/"']{1,1024}@/gi,
    replacement: `${keepFirst}@`,
  },
  {
    name: 'signature in a URL',
    pattern: /([?&](?:sig|X-Amz-Signature|X-Goog-Signature)=)[^&\s"'<>]+/gi,
    replacement: keepFirst,
  },
  {
    name: 'webhook of Slack',
    pattern: /(\bhooks\.slack\.com\/services\/)[A-Za-z0-9/_-]+/g,
    replacement: keepFirst,
  },
  // Also without its signature.
  token('JWT', /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g),
  token('key of AWS', /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g),
  token('token of GitHub', /\bgh[pousr]_[A-Za-z0-9]{16,}/g),
  token('fine-grained token of GitHub', /\bgithub_pat_[A-Za-z0-9_]{20,}/g),
  token(
    'token of GitLab',
    /\b(?:gl(?:pat|dt|rtr?|cbt|ptt|ft|imt|agent|soat|oas|ffct)-|GR1348941)[A-Za-z0-9_.-]{16,}/g,
  ),
  token('token of Slack', /\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}/g),
  token('key of Google', /\bAIza[A-Za-z0-9_-]{35}/g),
  token('token of Google', /\bya29\.[A-Za-z0-9_-]{20,}/g),
  token('token of Vault', /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/g),
  token('token of npm', /\bnpm_[A-Za-z0-9]{36}/g),
  token('token of PyPI', /\bpypi-[A-Za-z0-9_-]{50,}/g),
  token('token of Docker Hub', /\bdckr_pat_[A-Za-z0-9_-]{20,}/g),
  token('key of Stripe', /\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}/g),
  ...namedValues(),
];

/** What stands after a secret's name: `"token": "x"`, `password=x`, `--api-key x`. */
function namedValues(): Shape[] {
  const secretName =
    '(?:passw(?:or)?d|passphrase|pwd|token|secret|credentials?|client-key-data|(?:api|access|account|private|encryption|signing)[_-]?key)[A-Za-z0-9_.-]{0,64}';
  // In JSON that is itself in a string, in JSON and in a shell; it may be cut off.
  const quoted = String.raw`\\"(?:(?!\\").)*(?:\\")?|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?`;
  const patterns = {
    'value in quotes or JSON': String.raw`(${secretName}\\?["'][ \t]*[:=][ \t]*)(${quoted}|\[[^\]]{0,4096}\]?|[^\s"',}\]]+)`,
    'value after = or :': String.raw`(${secretName}[ \t]*[:=][ \t]*)(${quoted}|[^\s"']+)`,
    'value of a flag': String.raw`((?:^|\s)--?(?:[a-z0-9]+[-_]){0,4}${secretName}[ \t]+)(${quoted}|[^\s"'-][^\s"']*)`,
  };
  return Object.entries(patterns).map(([name, source]) => ({
    name,
    pattern: new RegExp(source, 'gi'),
    replacement: redactNamed,
  }));
}

/** Keeps the quotes, and gives some to what had none in JSON, so that what was JSON stays JSON. */
function redactNamed(whole: string, name = '', value = ''): string {
  if (value.includes(redacted) || /^(?:null|true|false)$/.test(value)) return whole;
  const own = /^(?:\\"|"|')/.exec(value)?.[0];
  const mark = own ?? /(\\?["'])[ \t]*:[ \t]*$/.exec(name)?.[1] ?? '';
  return `${name}${mark}${redacted}${mark}`;
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}
