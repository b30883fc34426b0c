import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scrub } from '../../src/telemetry/scrub.ts';
import { shapes } from '../../src/telemetry/secrets.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

// Put together here, so that no scanner of secrets takes this file for a leak.
const pem = (body: string, kind = 'RSA ') => `-----BEGIN ${kind}${'PRIVATE'} KEY-----${body}`;
const pemEnd = `-----END RSA ${'PRIVATE'} KEY-----`;
const jwt = `ey${'JhbGciOiJIUzI1NiJ9'}.eyJzdWIiOiIxMjM0In0.abc-DEF_123`;
const certificate = base64(`-----BEGIN CERTIFICATE-----\nMIIE${'A'.repeat(80)}`);
const letters = 'abcdefghijABCDEFGHIJ0123456789';

/** For each shape: a text, what becomes of it, and texts that are like it and stay as they are. */
const cases: Record<string, { secrets: [text: string, expected: string][]; harmless: string[] }> = {
  'private key in PEM': {
    secrets: [
      [`a ${pem('\nMIIE\nabc=\n')}${pemEnd} b`, 'a [REDACTED] b'],
      [`a ${pem('\nMIIE\nabc')}`, 'a [REDACTED]'],
      [`{"k":"${pem('\\nMII\\n')}${pemEnd}\\n"}`, '{"k":"[REDACTED]\\n"}'],
      [`${pem('\nx\n', 'OPENSSH ')}-----END OPENSSH ${'PRIVATE'} KEY-----`, '[REDACTED]'],
    ],
    harmless: ['-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----'],
  },
  'tail of a private key in PEM': {
    secrets: [[`MIIEabc\nabc=\n${pemEnd} b`, '[REDACTED] b']],
    harmless: ['MIIEabc\n-----END CERTIFICATE-----'],
  },
  'private key in PEM in base64, as in a kubeconfig': {
    secrets: [
      [`data: ${base64(pem('\nMIIE\n'))} b`, 'data: [REDACTED] b'],
      [`data: ${base64(pem('\nMIIE\n', ''))}`, 'data: [REDACTED]'],
      [`data: ${base64(pem('\nMIIE\n', 'EC '))}`, 'data: [REDACTED]'],
    ],
    harmless: [`certificate-authority-data: ${certificate}`],
  },
  'Authorization header': {
    secrets: [
      ['Authorization: Basic dXNlcjpwYXNz\nHost: x', 'Authorization: [REDACTED]\nHost: x'],
      ['{"Authorization":"Bearer abcdefgh","a":1}', '{"Authorization":"[REDACTED]","a":1}'],
      ['authorization=AWS4-HMAC-SHA256 Credential=x, Signature=y', 'authorization=[REDACTED]'],
      ['Proxy-Authorization: Negotiate YII', 'Proxy-Authorization: [REDACTED]'],
    ],
    harmless: ['authorization was refused', 'authorization-mode RBAC,Node'],
  },
  cookie: {
    secrets: [
      ['Cookie: sid=31d4d96e407aad42\nHost: x', 'Cookie: [REDACTED]\nHost: x'],
      ['set-cookie: id=a3fWa; Max-Age=2592000', 'set-cookie: [REDACTED]'],
    ],
    harmless: ['no cookie was sent', 'a cookie jar'],
  },
  'bearer token': {
    secrets: [['sent Bearer abc.def-123 on', 'sent Bearer [REDACTED] on']],
    harmless: ['bearer of news'],
  },
  'basic authentication': {
    secrets: [[`sent Basic ${base64('bob:hunter2')} on`, 'sent Basic [REDACTED] on']],
    harmless: ['Basic configuration of the cluster', 'basic functionality', 'Basic dGVzdGluZw=='],
  },
  'login in the configuration of Docker': {
    secrets: [
      [`{"auth": "${base64('bob:hunter2')}"}`, '{"auth": "[REDACTED]"}'],
      [`{\\"auth\\":\\"${base64('bob:hunter2')}\\"}`, '{\\"auth\\":\\"[REDACTED]\\"}'],
    ],
    harmless: ['{"auth": "oidc"}', 'auth: enabled-everywhere'],
  },
  'password in a URL': {
    secrets: [
      ['https://bob:hunter2@git.example.com/x', 'https://bob:[REDACTED]@git.example.com/x'],
      ['postgres://u:p@ss@db/x', 'postgres://u:[REDACTED]@db/x'],
      ['redis://:pw@cache:6379', 'redis://:[REDACTED]@cache:6379'],
    ],
    harmless: ['http://localhost:8080/path?mail=a@b.example', 'ssh://git@example.com/x'],
  },
  'signature in a URL': {
    secrets: [
      ['GET /x?sv=2022&sig=a%2Fb%3D&se=1', 'GET /x?sv=2022&sig=[REDACTED]&se=1'],
      ['https://s3/x?X-Amz-Signature=0f1e "', 'https://s3/x?X-Amz-Signature=[REDACTED] "'],
    ],
    harmless: ['GET /x?signal=5'],
  },
  'webhook of Slack': {
    secrets: [
      ['https://hooks.slack.com/services/T0/B0/abc', 'https://hooks.slack.com/services/[REDACTED]'],
    ],
    harmless: ['https://hooks.slack.com/'],
  },
  JWT: {
    secrets: [[`got ${jwt}!`, 'got [REDACTED]!']],
    harmless: ['eyJ is how they begin', 'eyJhbGciOiJIUzI1NiJ9'],
  },
  'key of AWS': {
    secrets: [[`id AK${'IAIOSFODNN7EXAMPLE'} used`, 'id [REDACTED] used']],
    harmless: ['AKIA', 'AKIAnotakey'],
  },
  'token of GitHub': {
    secrets: [[`gh${'p_0123456789abcdefghijABCDEFGHIJ'}`, '[REDACTED]']],
    harmless: ['ghp_short'],
  },
  'fine-grained token of GitHub': {
    secrets: [[`github_${'pat_0123456789abcdefghij_ABC'} x`, '[REDACTED] x']],
    harmless: ['github_pat_'],
  },
  'token of GitLab': {
    secrets: [
      [`gl${`pat-${letters}`} x`, '[REDACTED] x'],
      [`gl${`rt-t1_${letters}`}`, '[REDACTED]'],
      [`GR1348${`941${letters}`}`, '[REDACTED]'],
    ],
    harmless: ['glpat-short', 'glibc-2.36-9-deb12u10-amd64'],
  },
  'token of Slack': {
    secrets: [
      [`xo${'xb-1234567890-abcdef'} x`, '[REDACTED] x'],
      [`xa${'pp-1-A0123456789'}`, '[REDACTED]'],
    ],
    harmless: ['xoxo'],
  },
  'key of Google': {
    secrets: [[`AI${`zaSy${letters}abc`}`, '[REDACTED]']],
    harmless: ['AIza'],
  },
  'token of Google': {
    secrets: [[`ya${`29.${letters}`}`, '[REDACTED]']],
    harmless: ['ya29.short'],
  },
  'token of Vault': {
    secrets: [[`hv${`s.${letters}`}`, '[REDACTED]']],
    harmless: ['hvs.short'],
  },
  'token of npm': {
    secrets: [[`np${`m_${letters}abcdef`}`, '[REDACTED]']],
    harmless: ['npm_config_registry', 'npm_lifecycle_event'],
  },
  'token of PyPI': {
    secrets: [[`py${`pi-${letters}${letters}`}`, '[REDACTED]']],
    harmless: ['pypi-mirror'],
  },
  'token of Docker Hub': {
    secrets: [[`dc${`kr_pat_${letters}`}`, '[REDACTED]']],
    harmless: ['dckr_pat_'],
  },
  'key of Stripe': {
    secrets: [[`sk_${`live_${letters}`}`, '[REDACTED]']],
    harmless: ['sk_live_'],
  },
  'value in quotes or JSON': {
    secrets: [
      ['{"api_key":"abc","n":1}', '{"api_key":"[REDACTED]","n":1}'],
      ['{"token":12345,"n":1}', '{"token":"[REDACTED]","n":1}'],
      ['{"secrets":["a","b"],"n":1}', '{"secrets":"[REDACTED]","n":1}'],
      ['{\\"password\\":\\"x y\\",\\"n\\":1}', '{\\"password\\":\\"[REDACTED]\\",\\"n\\":1}'],
      ['{\\"token\\":17,\\"n\\":1}', '{\\"token\\":\\"[REDACTED]\\",\\"n\\":1}'],
    ],
    harmless: ['{"password":null,"n":1}', '{"automountServiceAccountToken":false}'],
  },
  'value after = or :': {
    secrets: [
      ['user=a password=hunter2 b', 'user=a password=[REDACTED] b'],
      ['pwd=a&b,c;d}e f', 'pwd=[REDACTED] f'],
      [`password: "a b\\"c" d`, 'password: "[REDACTED]" d'],
      [`password='a b' d`, `password='[REDACTED]' d`],
      ['token="abc def', 'token="[REDACTED]"'],
      ['DB_PASSWORD=x CLIENT_SECRET_V2: y', 'DB_PASSWORD=[REDACTED] CLIENT_SECRET_V2: [REDACTED]'],
      ['aws_secret_access_key = wJalr/bPx+Rf', 'aws_secret_access_key = [REDACTED]'],
      ['X-Api-Key: abc123', 'X-Api-Key: [REDACTED]'],
      ['GET /x?token=abc HTTP/1.1', 'GET /x?token=[REDACTED] HTTP/1.1'],
      ['AccountName=a;AccountKey=q7== x', 'AccountName=a;AccountKey=[REDACTED] x'],
      ['    client-key-data: Zm9vYmFy\n', '    client-key-data: [REDACTED]\n'],
      ['    token: abc.def\n    user: x', '    token: [REDACTED]\n    user: x'],
    ],
    harmless: ['the token was refused', 'secret "db" not found', 'primary_key=7', 'key: value'],
  },
  'value of a flag': {
    secrets: [
      ['porch --auth-token abc --out x', 'porch --auth-token [REDACTED] --out x'],
      ['mysql -password hunter2', 'mysql -password [REDACTED]'],
    ],
    harmless: ['porch --out x --token-file', 'curl --token --verbose'],
  },
};

const harmless = [
  'scaled cnf-simulator in oran-sim from 1 to 3',
  '{"replicas":3,"reason":"High load"}',
  'image repo/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'commit da39a3ee5e6b4b0d3255bfef95601890afd80709, pod web-7d4b9c6f5-x2x7k',
  'id 123e4567-e89b-12d3-a456-426614174000',
];

describe('scrub', () => {
  it('has cases for each shape', () => {
    assert.deepEqual(Object.keys(cases).sort(), shapes.map(({ name }) => name).sort());
  });

  for (const [name, { secrets, harmless }] of Object.entries(cases)) {
    it(`removes each ${name}, and nothing that only looks a little like one`, () => {
      for (const [text, expected] of secrets) {
        assert.equal(scrub(text), expected);
        assert.equal(scrub(expected), expected, 'what it has scrubbed it leaves');
      }
      for (const text of harmless) assert.equal(scrub(text), text);
    });
  }

  it('leaves what operators need', () => {
    for (const text of harmless) assert.equal(scrub(text), text);
  });

  it('takes no more than linear time on hostile text of a megabyte', () => {
    const beginnings = Object.values(cases).flatMap(({ secrets }) =>
      secrets.map(([text]) => text.slice(0, -2)),
    );
    const pieces = [
      '-',
      'a',
      ' ',
      '\n',
      '"',
      '\\',
      '\\"',
      '=',
      ':',
      'A',
      'a.',
      'a-',
      'a_',
      '/',
      '@',
    ];
    pieces.push('token', 'token:', 'token" ', 'password="\\', 'secret":[', ' --a-', ' --a-a-a-a-a');
    pieces.push('a://', 'a://a:', 'eyJ', 'eyJ.', 'Basic ', 'Bearer ', 'Authorization ', 'Cookie:');
    pieces.push('-----BEGIN PRIVATE KEY', pem(''), pemEnd, 'LS0tLS1CRUdJTi', 'glpat-', 'hvs.');
    const texts = [...beginnings, ...pieces].map((piece) => piece.repeat(1_000_000 / piece.length));
    // One beginning, and then nothing that ends it.
    for (const start of [
      'token',
      '"token"',
      'Basic ',
      'Authorization',
      ' -',
      'a://',
      'eyJ',
      '"auth":"',
    ]) {
      for (const fill of [' ', 'a', 'A1', '\\', '"', 'a-']) {
        texts.push(start + fill.repeat(1_000_000 / fill.length));
      }
    }
    for (const text of texts) {
      const { user } = process.cpuUsage();
      scrub(text);
      const ms = (process.cpuUsage().user - user) / 1000;
      assert.ok(ms < 3000, `${JSON.stringify(text.slice(0, 40))}... took ${ms} ms`);
    }
  });
});
