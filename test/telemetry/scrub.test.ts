import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cleanControl, scrub } from '../../src/telemetry/scrub.ts';

// Put together here, so that no scanner of secrets takes this file for a leak.
const pem = (body: string) => `-----BEGIN RSA ${'PRIVATE'} KEY-----${body}`;
const pemEnd = `-----END RSA ${'PRIVATE'} KEY-----`;
const jwt = `ey${'JhbGciOiJIUzI1NiJ9'}.eyJzdWIiOiIxMjM0In0.abc-DEF_123`;

const secrets: [name: string, text: string, expected: string][] = [
  ['a bearer token', 'sent Bearer abc.def-123 on', 'sent Bearer [REDACTED] on'],
  [
    'a basic Authorization header',
    'Authorization: Basic dXNlcjpwYXNz\nHost: x',
    'Authorization: [REDACTED]\nHost: x',
  ],
  [
    'an Authorization header in JSON',
    '{"Authorization":"Bearer abcdefgh","a":1}',
    '{"Authorization":"[REDACTED]","a":1}',
  ],
  [
    'a signature of AWS',
    'authorization=AWS4-HMAC-SHA256 Credential=x, Signature=y',
    'authorization=[REDACTED]',
  ],
  ['a JWT', `got ${jwt}!`, 'got [REDACTED]!'],
  ['an AWS key id', `id AK${'IAIOSFODNN7EXAMPLE'} used`, 'id [REDACTED] used'],
  ['an AWS secret', 'aws_secret_access_key = wJalr/bPx+Rf', 'aws_secret_access_key = [REDACTED]'],
  ['a GitHub token', `gh${'p_0123456789abcdefghijABCDEFGHIJ'}`, '[REDACTED]'],
  ['a fine-grained GitHub token', `github_${'pat_0123456789abcdefghij_ABC'} x`, '[REDACTED] x'],
  ['a Slack token', `xo${'xb-1234567890-abcdef'} x`, '[REDACTED] x'],
  ['a private key', `a ${pem('\nMIIE\nabc=\n')}${pemEnd} b`, 'a [REDACTED] b'],
  ['a private key that is cut off', `a ${pem('\nMIIE\nabc')}`, 'a [REDACTED]'],
  ['the tail of a private key', `MIIEabc\nabc=\n${pemEnd} b`, '[REDACTED] b'],
  ['a private key in JSON', `{"k":"${pem('\\nMII\\n')}${pemEnd}\\n"}`, '{"k":"[REDACTED]\\n"}'],
  ['password=', 'user=a password=hunter2 b', 'user=a password=[REDACTED] b'],
  ['a value with odd characters', 'pwd=a&b,c;d}e f', 'pwd=[REDACTED] f'],
  ['a value in quotes', `password: "a b\\"c" d`, 'password: "[REDACTED]" d'],
  ['a value in single quotes', `password='a b' d`, `password='[REDACTED]' d`],
  ['a value whose quotes do not end', 'token="abc def', 'token="[REDACTED]"'],
  ['a member of JSON', '{"api_key":"abc","n":1}', '{"api_key":"[REDACTED]","n":1}'],
  ['a number in JSON', '{"token":12345,"n":1}', '{"token":[REDACTED],"n":1}'],
  ['a list in JSON', '{"secrets":["a","b"],"n":1}', '{"secrets":"[REDACTED]","n":1}'],
  [
    'JSON in JSON',
    '{\\"password\\":\\"x y\\",\\"n\\":1}',
    '{\\"password\\":\\"[REDACTED]\\",\\"n\\":1}',
  ],
  [
    'a longer name',
    'DB_PASSWORD=x CLIENT_SECRET_V2: y',
    'DB_PASSWORD=[REDACTED] CLIENT_SECRET_V2: [REDACTED]',
  ],
  ['a flag', 'porch --auth-token abc --out x', 'porch --auth-token [REDACTED] --out x'],
  ['a header of its own', 'X-Api-Key: abc123', 'X-Api-Key: [REDACTED]'],
  ['a query', 'GET /x?token=abc HTTP/1.1', 'GET /x?token=[REDACTED] HTTP/1.1'],
  ['a URL', 'https://bob:hunter2@git.example.com/x', 'https://bob:[REDACTED]@git.example.com/x'],
  ['a URL with @ in the password', 'postgres://u:p@ss@db/x', 'postgres://u:[REDACTED]@db/x'],
  ['a URL without a user', 'redis://:pw@cache:6379', 'redis://:[REDACTED]@cache:6379'],
];

const harmless = [
  'scaled cnf-simulator in oran-sim from 1 to 3',
  'http://localhost:8080/path?mail=a@b.example',
  'the token was refused',
  '{"replicas":3,"reason":"High load"}',
  'bearer of news',
  '-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----',
];

describe('scrub', () => {
  for (const [name, text, expected] of secrets) {
    it(`removes ${name}`, () => assert.equal(scrub(text), expected));
  }
  for (const text of harmless) {
    it(`leaves ${JSON.stringify(text)}`, () => assert.equal(scrub(text), text));
  }

  it('does not change what it has scrubbed', () => {
    for (const [, text] of secrets) assert.equal(scrub(scrub(text)), scrub(text));
  });

  it('takes no more than linear time on hostile text', () => {
    const pieces = [
      '-',
      'a',
      'token',
      'token:',
      'a://',
      'a://a:',
      'eyJ',
      '"',
      '\\"',
      'password="\\',
    ];
    pieces.push(
      '-----BEGIN PRIVATE KEY',
      pem(''),
      pemEnd,
      'Authorization ',
      ' --a-',
      'secret"[',
      '\n',
    );
    for (const piece of pieces) {
      const before = performance.now();
      scrub(piece.repeat(Math.ceil(65_536 / piece.length)));
      const tookMs = performance.now() - before;
      assert.ok(tookMs < 2000, `${JSON.stringify(piece)} took ${tookMs} ms`);
    }
  });
});

describe('cleanControl', () => {
  it('keeps newlines and tabs, and shows the rest', () => {
    assert.equal(cleanControl('a\tb\nc\r\nd\re'), 'a\tb\nc\nd\\x0de');
    assert.equal(cleanControl('\u001b[31mred\u0000\u007f\u0085'), '\\x1b[31mred\\x00\\x7f\\x85');
    assert.equal(cleanControl('abc\u202etxt.exe'), 'abc\\u202etxt.exe');
    assert.equal(cleanControl('a\ud800b\udc00'), 'a\ufffdb\ufffd');
    assert.equal(cleanControl('übung 😀'), 'übung 😀');
  });

  it('leaves nothing that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = cleanControl(text);
        assert.doesNotMatch(clean, /[^\P{Cc}\n\t]/u);
        assert.ok(clean.isWellFormed());
      }),
    );
  });
});
