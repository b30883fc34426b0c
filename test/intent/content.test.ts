import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkContent } from '../../src/intent/content.ts';
import type { Refusal } from '../../src/intent/types.ts';
import { intentText, intentWith, limits, refuse } from './helpers.ts';

type Row = {
  name: string;
  content: string | Buffer;
  code: string;
  message: RegExp;
  place: string;
  mayPass?: true;
};

const latin1 = Buffer.from('{\n "reason": "\xfc"}', 'latin1');
const utf16 = Buffer.from(`\ufeff${intentText()}`, 'utf16le');
const surrogate = Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]);
const halfCharacter = Buffer.from('"ab\u20ac').subarray(0, 5);
const nested = `{"metadata":${'['.repeat(40)}`;
const doubled = intentWith('"metadata":{"a":[{"b":1,"b":2}]}');
const huge = intentText().replace('3', '1e400');

const syntax: Omit<Row, 'code' | 'mayPass'>[] = [
  { name: 'an empty file', content: '', message: /is empty/, place: '' },
  { name: 'white space', content: ' \n\t ', message: /nothing but white/, place: '' },
  { name: 'NULs', content: '\0\0', message: /U\+0000/, place: '1:1' },
  { name: 'a cut-off file', content: intentText().slice(0, -1), message: /ends/, place: '1:120' },
  { name: 'a cut-off string', content: '{"inte', message: /inside a string/, place: '1:7' },
  { name: 'a second value', content: `${intentText()}\n{}`, message: /the end/, place: '2:1' },
  { name: 'a comment', content: '{\n  // x\n}', message: /found '\/'/, place: '2:3' },
  { name: 'YAML', content: 'intent_type: scaling\n', message: /found 'i'/, place: '1:1' },
];

const rows: Row[] = [
  ...syntax.map((row): Row => ({ ...row, code: 'E001', mayPass: true })),
  { name: 'a BOM', content: '\ufeff{}', code: 'E001', message: /byte order/, place: '1:1' },
  { name: 'UTF-16', content: utf16, code: 'E015', message: /is UTF-16/, place: '1:1' },
  {
    name: 'Latin-1',
    content: latin1,
    code: 'E015',
    message: /0xfc at offset 14/,
    place: '2:13',
    mayPass: true,
  },
  {
    name: 'half a character at the end',
    content: halfCharacter,
    code: 'E015',
    message: /0xe2 at offset 3/,
    place: '1:4',
    mayPass: true,
  },
  {
    name: 'a surrogate in UTF-8',
    content: surrogate,
    code: 'E015',
    message: /0xed/,
    place: '1:2',
    mayPass: true,
  },
  { name: 'deep nesting', content: nested, code: 'E001', message: /deeper/, place: '1:44' },
  {
    name: 'a duplicate key',
    content: intentWith('"replicas":4'),
    code: 'E001',
    message: /twice/,
    place: '1:121',
  },
  { name: 'a deep duplicate', content: doubled, code: 'E001', message: /twice/, place: '1:145' },
  { name: 'a number', content: '3', code: 'E003', message: /an object, found 3/, place: '1:1' },
  { name: 'null', content: 'null', code: 'E003', message: /found null/, place: '1:1' },
  { name: 'an array', content: '[1]', code: 'E003', message: /array of 1/, place: '1:1' },
  { name: '1e400', content: huge, code: 'E003', message: /1e400 is too large/, place: '1:85' },
  {
    name: '1e400 in metadata',
    content: intentWith('"metadata":{"a":-1e400}'),
    code: 'E003',
    message: /-1e400 is too large/,
    place: '1:137',
  },
  {
    name: '__proto__',
    content: intentWith('"__proto__":{"x":1}'),
    code: 'E003',
    message: /unknown key "__proto__"/,
    place: '1:121',
  },
];

describe('checkContent', () => {
  for (const { name, content, code, message, place, mayPass } of rows) {
    it(`refuses ${name}`, () => {
      const { refusals, count } = refuse(content);
      const [first] = refusals;
      assert.deepEqual([first.code, count], [code, 1]);
      assert.match(first.message, message);
      assert.equal(first.line === undefined ? '' : `${first.line}:${first.column}`, place);
      assert.equal(first.mayPass, mayPass ?? false);
    });
  }

  it('says how to save a file that begins with a byte order mark', () => {
    assert.match(refuse('\ufeff{}').refusals[0].mend, /UTF-8 without a byte order mark/);
    assert.match(refuse(utf16).refusals[0].mend, /UTF-8 without a byte order mark/);
  });

  it('says everything that is wrong: first what JSON forbids, then by place', () => {
    const text = `{
  "targt": "x",
  "replicas": "three",
  "namespace": "oran-sim",
  "target": "A",
  "intent_type": "scaling",
  "metadata": {"a": 1, "a": 2, "b": 1e999}
}`;
    const { refusals, count } = refuse(text);
    assert.equal(count, 5);
    assert.deepEqual(
      refusals.map(({ code, path, line, column }) => [code, path, line, column]),
      [
        ['E001', '$.metadata.a', 7, 24],
        ['E003', '$.metadata.b', 7, 37],
        ['E003', '$.targt', 2, 3],
        ['E003', '$.replicas', 3, 15],
        ['E003', '$.target', 5, 13],
      ],
    );
  });

  it('finds duplicate keys behind any number of numbers that are too large', () => {
    const { refusals, count } = refuse(
      intentWith(`"metadata":{"x":[${'1e400,'.repeat(200)}{"a":1,"a":2}]}`),
    );
    assert.deepEqual([refusals[0].code, refusals[1]?.code, count], ['E001', 'E003', 201]);
  });

  it('gives a missing key the place of the object that lacks it', () => {
    const { refusals } = refuse(`\n  ${intentText({ target: undefined })}`);
    assert.deepEqual([refusals[0].line, refusals[0].column], [2, 3]);
  });

  it('looks at policy only where the schema holds', () => {
    const { refusals } = refuse(intentText({ namespace: 'kube-system', replicas: -1 }));
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ['E003'],
    );
  });

  it('gives no secrets away', () => {
    const secret = 'hunter2hunter2';
    const texts = [
      intentText({ source: `password=${secret}` }),
      intentText({ [`token=${secret}`]: 1 }),
      intentText({ target: `${'x'.repeat(20)} Bearer ${secret}${'y'.repeat(2000)}` }),
      intentWith(`"metadata":{"password=${secret}":1,"password=${secret}":2}`),
      intentWith(`"reason": ${secret}`),
    ];
    for (const text of texts) assert.doesNotMatch(JSON.stringify(refuse(text)), /unter2/);
  });

  const keys = ['intent_type', 'target', 'namespace', 'replicas', 'reason', 'priority', 'timeout'];
  keys.push('metadata', 'created_at', 'status', 'target_resources', 'constraints', 'odd');
  const change = fc.option(fc.jsonValue(), { nil: undefined, freq: 5 });

  it('judges any content without throwing, in lines of bounded length', () => {
    const changed = fc
      .record(Object.fromEntries(keys.map((key) => [key, change])))
      .map((changes) => Object.entries(changes).filter(([, value]) => value !== undefined))
      .map((entries) => Buffer.from(intentText(Object.fromEntries(entries))));
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.oneof(changed, bytes), (content) => {
        const result = checkContent(content, limits);
        if (result.kind === 'accepted') return;
        assert.ok(result.count >= result.refusals.length);
        for (const refusal of result.refusals) assertReadable(refusal);
      }),
      { numRuns: 1000 },
    );
  });
});

function assertReadable({ message, mend, path, line }: Refusal): void {
  assert.ok(message.length < 300 && mend.length < 400 && (path ?? '').length <= 200, message);
  assert.doesNotMatch(`${message}${mend}${path}`, /[\p{Cc}]/u);
  assert.ok(line === undefined || line >= 1);
}
