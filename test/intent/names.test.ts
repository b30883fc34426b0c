import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isIntentName, isRefusedName, refusedName } from '../../src/intent/names.ts';

const intentNames = ['intent-a.json', 'intent-.json', 'intent-a b.json', 'intent-ü.json'];
const otherNames = ['', 'intent.json', 'intent-a.JSON', 'Intent-a.json', 'intent-a.json.tmp'];
otherNames.push('.intent-a.json', 'intent-a.json~', 'intent-json', 'xintent-a.json');

const kept = ['intent-a.json', 'intent-Übung-日本-😀.json', "intent-a b'(1)&$.json"];
kept.push(`intent-${'a'.repeat(188)}.json`);

const refused: [name: string | Buffer, reason: RegExp, escaped: string][] = [
  ['intent-\n.json', /control characters/, 'intent-\\x0a.json'],
  ['intent-\u001b[31m.json', /control characters/, 'intent-\\x1b[31m.json'],
  ['intent-\u007f.json', /control characters/, 'intent-\\x7f.json'],
  ['intent-\u0085.json', /control characters/, 'intent-\\xc2\\x85.json'],
  ['intent-\u202egpj.json', /control characters/, 'intent-\\xe2\\x80\\xaegpj.json'],
  ['intent-\u200b.json', /control characters/, 'intent-\\xe2\\x80\\x8b.json'],
  ['intent-\u2028.json', /control characters/, 'intent-\\xe2\\x80\\xa8.json'],
  [Buffer.from('intent-\xfc.json', 'latin1'), /not UTF-8/, 'intent-\\xfc.json'],
  [Buffer.from('intent-\xe2\x82.json', 'latin1'), /not UTF-8/, 'intent-\\xe2\\x82.json'],
  [Buffer.from('intent-\xed\xa0\x80.json', 'latin1'), /UTF-8/, 'intent-\\xed\\xa0\\x80.json'],
  [`intent-${'a'.repeat(189)}.json`, /201 bytes, more than 200/, `intent-${'a'.repeat(189)}.json`],
  [`intent-${'é'.repeat(95)}.json`, /202 bytes/, `intent-${'é'.repeat(95)}.json`],
  [
    'intent-refused-0123456789abcdef.json',
    /given to files whose own name was refused/,
    'intent-refused-0123456789abcdef.json',
  ],
  ['intent-a\\b.json', /reserved on Windows: \\/, 'intent-a\\x5cb.json'],
  ...Array.from('<>:"|?*', (mark): [string, RegExp, string] => [
    `intent-a${mark}b.json`,
    /reserved on Windows/,
    `intent-a${mark}b.json`,
  ]),
];

describe('isIntentName', () => {
  for (const [names, expected] of [
    [intentNames, true],
    [otherNames, false],
  ] as const) {
    for (const name of names) {
      it(`says ${expected} for ${JSON.stringify(name)}`, () => {
        assert.equal(isIntentName(name), expected);
        assert.equal(isIntentName(Buffer.from(name)), expected);
      });
    }
  }

  it('takes bytes that are not UTF-8', () => {
    assert.equal(isIntentName(Buffer.from('intent-\xff.json', 'latin1')), true);
  });
});

describe('isRefusedName', () => {
  it('knows the names that stand for refused ones, and no others', () => {
    assert.equal(isRefusedName('intent-refused-0123456789abcdef.json'), true);
    assert.equal(isRefusedName('intent-refused-0123456789abcdeg.json'), false);
    assert.equal(isRefusedName('intent-refused-replicas.json'), false);
    assert.equal(isRefusedName('intent-refused-0123456789abcdef.json.json'), false);
  });
});

describe('refusedName', () => {
  for (const name of kept) {
    it(`keeps ${name}`, () => assert.equal(refusedName(Buffer.from(name)), null));
  }

  for (const [name, reason, escaped] of refused) {
    it(`refuses ${escaped}`, () => {
      const bytes = Buffer.from(name);
      const found = refusedName(bytes);
      assert.match(found?.reason ?? '', reason);
      assert.equal(found?.escaped, escaped);
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      assert.equal(found?.safeName, `intent-refused-${digest}.json`);
    });
  }

  it('gives safe names of intents, and escapes from which the bytes can be had again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 240 }), (array) => {
        const found = refusedName(Buffer.from(array));
        if (found === null) return;
        assert.ok(isIntentName(found.safeName) && isRefusedName(found.safeName));
        assert.doesNotMatch(found.escaped, /[\p{Cc}\p{Cf}]/u);
        const bytes = found.escaped
          .split(/(\\x[0-9a-f]{2})/)
          .map((part, index) =>
            index % 2 === 1 ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part),
          );
        assert.deepEqual(Buffer.concat(bytes), Buffer.from(array));
      }),
    );
  });
});
