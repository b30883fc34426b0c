/** Texts that are nearly JSON, or JSON that goes too far: syntax, depth, keys, numbers, size. */
import { type Case, contentCases, intent, type Row } from './case.ts';

const good = intent();
const limit = 10 * 1024 * 1024;
const million = 1_000_000;

const meta = (value: string) => intent({ metadata: value });
const arrays = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const objects = (levels: number) => `${'{"a":'.repeat(levels)}0${'}'.repeat(levels)}`;
const refused = (contents: Record<string, string>): Row[] => {
  return Object.entries(contents).map(([label, content]) => [label, content, 'E001']);
};

const syntax = refused({
  'a comma too many': good.replace('3', '3,'),
  'a comma missing': good.replace('",', '"'),
  'two commas': good.replace('",', '",,'),
  'a comment to the end of the line': `// scale up\n${good}`,
  'a comment in it': good.replace('3', '3 /* three */'),
  'a shell comment': `# scale up\n${good}`,
  'single quotes': good.replaceAll('"', "'"),
  'keys without quotes': good.replace('"replicas"', 'replicas'),
  'typographic quotes': good.replace('"web"', '\u201cweb\u201d'),
  NaN: intent({ replicas: 'NaN' }),
  Infinity: intent({ replicas: 'Infinity' }),
  '-Infinity': intent({ replicas: '-Infinity' }),
  '+1': intent({ replicas: '+1' }),
  '01': intent({ replicas: '01' }),
  '-': intent({ replicas: '-' }),
  '.5': intent({ replicas: '.5' }),
  '1.': intent({ replicas: '1.' }),
  '1e': intent({ replicas: '1e' }),
  '0x10': intent({ replicas: '0x10' }),
  '1_000': intent({ replicas: '1_000' }),
  '3n': intent({ replicas: '3n' }),
  True: intent({ replicas: 'True' }),
  undefined: intent({ replicas: 'undefined' }),
  'a string over two lines': intent({ description: '"a\nb"' }),
  'a tab in a string': intent({ description: '"a\tb"' }),
  'an escape in a string': intent({ description: '"\x1b[2J"' }),
  'an escape \\x': intent({ description: '"\\x41"' }),
  'an escape \\u with three digits': intent({ description: '"\\u041"' }),
  'an escape \\u in braces': intent({ description: '"\\u{41}"' }),
  'a line continued': intent({ description: '"a\\\nb"' }),
  'a no-break space between tokens': good.replace(': 3', ':\u00a03'),
  'a form feed between tokens': good.replace(': 3', ':\f3'),
  'a line separator between tokens': good.replace(': 3', ':\u20283'),
  'a word behind it': `${good}x`,
  'a brace behind it': `${good}}`,
  'a second intent behind it': `${good}${good}`,
  'a bracket instead of a brace': `${good.trimEnd().slice(0, -1)}]`,
  YAML: 'intent_type: scaling\ntarget: web\n',
  XML: '<?xml version="1.0"?><intent/>',
  HTML: '<!doctype html><script>alert(1)</script>',
  JavaScript: `module.exports = ${good}`,
  'a prefix against hijacking': `)]}',\n${good}`,
  'a conflict of git': `<<<<<<< HEAD\n${good}=======\n${good}>>>>>>> other\n`,
});

const depth: readonly Row[] = [
  ['30 arrays in it', meta(`{"a": ${arrays(30)}}`), 'accepted'],
  ['one array more', meta(`{"a": ${arrays(31)}}`), 'E001'],
  ['31 objects in it', meta(objects(31)), 'accepted'],
  ['one object more', meta(objects(32)), 'E001'],
  ['a thousand arrays', meta(arrays(1000)), 'E001'],
  ['a hundred thousand objects', () => meta(objects(100_000)), 'E001'],
  ['ten million brackets', () => '['.repeat(limit), 'E001'],
  ['two million objects that never end', () => '{"a":'.repeat(2 * million), 'E001'],
];

const keys: readonly Row[] = [
  ['a key twice', intent({}, '"replicas": 4'), 'E001'],
  ['a key twice with one value', intent({}, '"replicas": 3'), 'E001'],
  ['a key twice, once escaped', intent({}, '"repl\\u0069cas": 4'), 'E001'],
  ['a key twice in metadata', meta('{"a": 1, "a": 2}'), 'E001'],
  ['a key twice, deep', meta('{"a": [[{"b": {"c": 1, "d": 2, "c": 3}}]]}'), 'E001'],
  ['the empty key twice', meta('{"": 1, "": 2}'), 'E001'],
  ['__proto__ twice in metadata', meta('{"__proto__": 1, "__proto__": 2}'), 'E001'],
  ['a key twice, behind 1e400', meta('{"x": 1e400, "a": 1, "a": 2}'), 'E001'],
  ['the same key in two objects', meta('{"a": {"b": 1}, "c": {"b": 1}}'), 'accepted'],
  ['keys that differ in their case', meta('{"a": 1, "A": 2}'), 'accepted'],
  ['__proto__', intent({}, '"__proto__": {"replicas": 3}'), 'E003'],
  ['nothing but __proto__', `{"__proto__": ${good}}`, 'E003'],
  ['__proto__ in metadata', meta('{"__proto__": {"polluted": true}}'), 'accepted'],
  ['__proto__ in constraints', intent({ constraints: '{"__proto__": {}}' }), 'E003'],
  ['constructor', intent({}, '"constructor": {"prototype": {"a": 1}}'), 'E003'],
  ['hasOwnProperty', intent({}, '"hasOwnProperty": 1'), 'E003'],
  ['toString', intent({}, '"toString": 1'), 'E003'],
  ['an odd key in Cyrillic letters', intent({}, '"rep\u043bicas": 3'), 'E003'],
  ['an empty key', intent({}, '"": 3'), 'E003'],
];

const numbers: readonly Row[] = [
  ['-0', intent({ replicas: '-0' }), 'accepted'],
  ['-0.0e-0', intent({ replicas: '-0.0e-0' }), 'accepted'],
  ['3.0', intent({ replicas: '3.0' }), 'accepted'],
  ['1E+2', intent({ replicas: '1E+2' }), 'accepted'],
  ['1e-400', intent({ replicas: '1e-400' }), 'accepted'],
  ['1e400', intent({ replicas: '1e400' }), 'E003'],
  ['-1e400', intent({ replicas: '-1e400' }), 'E003'],
  ['1e400 in metadata', meta('{"a": [1e400]}'), 'E003'],
  ['1e999999999999', intent({ priority: '1e999999999999' }), 'E003'],
  ['-1', intent({ replicas: '-1' }), 'E003'],
  ['2.5', intent({ replicas: '2.5' }), 'E003'],
  ['101', intent({ replicas: '101' }), 'E003'],
  ['2^53 + 1', intent({ replicas: '9007199254740993' }), 'E003'],
  ['a million digits', () => intent({ replicas: '9'.repeat(million) }), 'E003'],
  ['a million digits behind the point', () => meta(`{"a": 0.${'1'.repeat(million)}}`), 'accepted'],
];

/** Megabytes inside of the limit are read and judged, in memory and time that are bounded. */
const sizes: readonly Row[] = [
  ['10 MB to the byte', () => good.padEnd(limit), 'accepted'],
  ['a byte more', () => good.padEnd(limit + 1), 'E002'],
  ['11 MB', () => intent({ description: `"${'x'.repeat(11 * million)}"` }), 'E002'],
  ['11 MB of NULs', () => Buffer.alloc(11 * million), 'E002'],
  ['11 MB of brackets', () => '['.repeat(11 * million), 'E002'],
  ['10 MB of white space', () => ' '.repeat(limit), 'E001'],
  ['9 MB in a target', () => intent({ target: `"${'a'.repeat(9 * million)}"` }), 'E003'],
  ['300,000 keys', () => intent({}, manyMembers(300_000)), 'E003'],
  ['300,000 keys in metadata', () => meta(`{${manyMembers(300_000)}}`), 'accepted'],
  ['a million duplicates', () => meta(`{${'"a":0,'.repeat(million)}"a":0}`), 'E001'],
  ['a million empty objects', () => meta(`{"a": [${'{},'.repeat(million)}0]}`), 'accepted'],
  [
    '5 MB of a key with 300,000 keys in it',
    () => intent({ constraints: '{"a": 0}' }, `"${'k'.repeat(5e6)}": {${manyMembers(300_000)}}`),
    'E003',
  ],
  [
    '9 MB of a key with numbers out of range in it',
    () => intent({}, `"${'k'.repeat(9e6)}\u0100": [${'1e999,'.repeat(200)}0]`),
    'E003',
  ],
];

function manyMembers(count: number): string {
  return Array.from({ length: count }, (_, index) => `"${index}":0`).join(',');
}

export const jsonCases: readonly Case[] = [
  ...contentCases('syntax', syntax),
  ...contentCases('depth', depth),
  ...contentCases('keys', keys),
  ...contentCases('numbers', numbers),
  ...contentCases('sizes', sizes),
];
