import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { intentText, intentWith, refuse } from './helpers.ts';

const million = 1_000_000;
const numbers = `[${'0,'.repeat(4 * million)}0]`;
const manyKeys = Array.from({ length: million }, (_, index) => `"${index}":0`);

const contents: [name: string, text: string, code: string][] = [
  ['brackets that only open', '['.repeat(10 * million), 'E001'],
  ['unknown keys', `{${manyKeys.join(',')}}`, 'E003'],
  ['duplicate keys', `{${'"a":0,'.repeat(million)}"a":0}`, 'E001'],
  ['bad namespaces', `{"constraints":{"allowed_namespaces":${numbers}}}`, 'E003'],
  ['bad resources', intentWith(`"target_resources":${numbers}`), 'E003'],
  ['numbers out of range', intentWith(`"metadata":[${'1e999,'.repeat(million)}0]`), 'E003'],
  ['labels in a target', intentText({ target: 'a.'.repeat(4 * million) }), 'E003'],
  ['letters in a target', intentText({ target: `${'a'.repeat(9 * million)}!` }), 'E003'],
  ['characters in a reason', intentText({ reason: '😀'.repeat(2 * million) }), 'E003'],
  ['digits in a timeout', intentText({ timeout: '1'.repeat(9 * million) }), 'E003'],
  ['lines before an error', `${'\n'.repeat(9 * million)}x`, 'E001'],
  ['spaces', ' '.repeat(10 * million), 'E001'],
  [
    'a key with many keys in it',
    `{"constraints":{"a":0},"${'k'.repeat(4 * million)}":{${manyKeys.slice(0, 400_000).join(',')}}}`,
    'E003',
  ],
  [
    'a key with numbers out of range in it',
    `{"${'k'.repeat(9 * million)}\u0100":[${'1e999,'.repeat(100)}0]}`,
    'E003',
  ],
];

describe('checkContent, given megabytes of', () => {
  for (const [name, text, code] of contents) {
    it(`${name}, gives a short answer`, () => {
      const { refusals } = refuse(text);
      assert.equal(refusals[0].code, code);
      assert.ok(JSON.stringify(refusals).length < 100_000);
    });
  }

  it('text before a bad byte, finds its place', () => {
    const text = Buffer.from(`${'é'.repeat(2_500_000)}\nab`);
    const [first] = refuse(Buffer.concat([text, Buffer.from([0x80])])).refusals;
    assert.deepEqual([first.code, first.line, first.column], ['E015', 2, 3]);
  });

  it('bytes that are no UTF-8, finds the first', () => {
    const [first] = refuse(Buffer.alloc(10 * million, 0x80)).refusals;
    assert.deepEqual([first.code, first.line, first.column], ['E015', 1, 1]);
  });
});
