/** Good intents under names that are tricks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { type Case, intent, marker } from './case.ts';

const content = intent({ description: `"${marker}"` });

const between = (text: string) => Buffer.from(`intent-${text}.json`);
/** Bytes that are not UTF-8, written in Latin-1. */
const raw = (text: string) => Buffer.from(`intent-${text}.json`, 'latin1');
const codePoint = (text: string) => {
  return `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
};

const kept: readonly string[] = [
  '',
  '.',
  '..',
  '-rf',
  ' ',
  'a b',
  "it's",
  '$(touch pwned)',
  '`touch pwned`',
  ';touch pwned',
  '&&a',
  '%2e%2e%2f',
  '%s%n',
  '{{x}}',
  '#a',
  '~',
  '[a-z]',
  '__proto__',
  'constructor',
  'a.json',
  'a.json.error.log',
  'a.json.status',
  'a.json.20260101T000000000Z',
  'a.tmp',
  '\u00e9',
  'e\u0301',
  '日本',
  '😀',
  'p\u0430ypal',
  '\uff49\uff4e\uff54',
  '\u00a0',
  '\u3164',
  '\u2800',
  '\ue000',
  '\uffff',
  '\u2024\u2024\u2215etc',
  `z${'\u0335'.repeat(90)}`,
  'x'.repeat(188),
];

/** Control characters, those that turn the direction of writing, and those that nobody sees. */
const hidden = [
  ...'\u0001\u0007\u0008\t\n\r\u001b\u001f\u007f\u0085\u009b',
  ...'\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069',
  ...'\u00ad\u180e\u200b\u200c\u200d\u2060\u2064\ufeff\ufff9\u2028\u2029\u{e0041}\u{1d173}',
];

const refused: readonly (readonly [label: string, name: Buffer])[] = [
  ...hidden.map((character) => [codePoint(character), between(`a${character}b`)] as const),
  ['colours of a terminal', between('\u001b[31mred\u001b[0m')],
  ['a line that looks like one of the log', between('\n{"level":"info"}\n')],
  ['a family of emoji', between('👨\u200d👩\u200d👧')],
  ['Latin-1', raw('\xfc')],
  ['0xff', raw('\xff')],
  ['an overlong slash', raw('..\xc0\xaf')],
  ['a surrogate', raw('\xed\xa0\x80')],
  ['half a character', raw('\xe2\x82')],
  ['201 bytes', between('x'.repeat(189))],
  ['255 bytes', between('x'.repeat(243))],
  ['255 bytes of two a character', between(`x${'é'.repeat(121)}`)],
  ['255 bytes of four a character', between(`xxx${'😀'.repeat(60)}`)],
  ['255 bytes that are not UTF-8', raw('\xff'.repeat(243))],
  ...Array.from('<>:"|?*\\', (mark) => [`${mark}`, between(`a${mark}b`)] as const),
  ['a name that we give', between('refused-0123456789abcdef')],
];

/** Nearly the names of intents: nobody's business. */
const others: readonly string[] = [
  'intent.json',
  'intent-a.JSON',
  'Intent-a.json',
  'INTENT-A.JSON',
  '.intent-a.json',
  ' intent-a.json',
  'intent-a.json ',
  'intent-a.json~',
  'intent-a.json.tmp',
  'intent-a.jsonl',
  'intent_a.json',
  '\uff49ntent-a.json',
  '\ufeffintent-a.json',
  'int\u200bent-a.json',
  'intent\u2010a.json',
  '-intent-a.json',
];

const write: Case['make'] = ({ path }) => writeFileSync(path, content);

export const nameCases: readonly Case[] = [
  ...kept.map(
    (text): Case => ({
      label: `name kept: ${JSON.stringify(text)}`,
      name: between(text),
      make: write,
      expected: 'accepted',
    }),
  ),
  ...refused.map(
    ([label, name]): Case => ({
      label: `name refused: ${label}`,
      name,
      make: write,
      expected: 'E014',
      isNameRefused: true,
    }),
  ),
  ...others.map(
    (name): Case => ({
      label: `no intent: ${JSON.stringify(name)}`,
      name: Buffer.from(name),
      make: write,
      expected: 'left',
    }),
  ),
  {
    label: 'name refused: a directory',
    name: between('directory\u202e'),
    make: ({ path }) => mkdirSync(path),
    expected: 'left',
    isNameRefused: true,
  },
];
