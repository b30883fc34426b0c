import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type JsonStep, locateJson, scanJson } from '../../src/intent/json.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const syntaxErrors: [text: string, offset: number, message: RegExp][] = [
  ['', 0, /the text ends where a value is expected/],
  ['{', 1, /ends where a key in double quotes is expected/],
  ['{"a"', 4, /ends where ':' after the key/],
  ['{"a":', 5, /ends where a value/],
  ['{"a":1', 6, /ends where ',' or '}'/],
  ['{"a":1,', 7, /ends where a key/],
  ['[1', 2, /ends where ',' or ']'/],
  ['{"a":1,}', 7, /expected a key in double quotes, found '}'/],
  ['[1,]', 3, /expected a value, found ']'/],
  ['[1 2]', 3, /expected ',' or ']', found '2'/],
  ['{"a" 1}', 5, /expected ':' after the key, found '1'/],
  ['{"a":1 "b":2}', 7, /expected ',' or '}', found '"'/],
  ["{'a':1}", 1, /expected a key in double quotes, found '''/],
  ['{a:1}', 1, /expected a key in double quotes, found 'a'/],
  ['[}', 1, /expected a value, found '}'/],
  ['{"a":[1}', 7, /expected ',' or ']', found '}'/],
  ['{} x', 3, /expected the end of the text, found 'x'/],
  ['{}{}', 2, /expected the end of the text/],
  ['tru', 0, /expected a value, found 't'/],
  ['NaN', 0, /expected a value, found 'N'/],
  ['-', 0, /expected a value, found '-'/],
  ['+1', 0, /expected a value, found '\+'/],
  ['01', 1, /expected the end/],
  ['1.', 1, /expected the end/],
  ['.5', 0, /expected a value/],
  ['[1e]', 2, /expected ',' or ']', found 'e'/],
  ['"abc', 4, /ends inside a string/],
  ['"ab\\', 4, /ends inside a string/],
  ['"ab\\u00', 7, /ends inside a string/],
  ['"\\x"', 1, /not an escape/],
  ['"\\u00g0"', 1, /not an escape/],
  ['"a\nb"', 2, /no closing quote on its line/],
  ['"a\u0000b"', 2, /write this control character as \\u0000/],
  ['"\u001f"', 1, /write this control character as \\u001f/],
  ['[1,\u0000]', 3, /found U\+0000/],
  ['\u00a01', 0, /found U\+00A0/],
  ['// a comment\n{}', 0, /found '\/'/],
  ['[😀]', 1, /found U\+1F600/],
];

describe('scanJson', () => {
  for (const [text, offset, message] of syntaxErrors) {
    it(`finds what is wrong with ${JSON.stringify(text)}`, () => {
      assert.equal(isJson(text), false);
      const { fatal } = scanJson(text, 32);
      assert.equal(fatal?.kind, 'syntax');
      assert.equal(fatal.offset, offset);
      assert.match(fatal.message, message);
    });
  }

  it('counts the depth of objects and arrays together', () => {
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
    assert.equal(scanJson(nested(32), 32).fatal, null);
    assert.equal(scanJson(`[${nested(32)}]`, 32).fatal?.kind, 'depth');
    assert.equal(scanJson(`[${'[],'.repeat(100)}1]`, 2).fatal, null);
  });

  it('finds duplicate keys in every object, however they are spelt', () => {
    const text =
      '{"a":1,"b":{"c":[0,{"d":1,"\\u0064":2}]},"a":{"a":1},"__proto__":1,"__proto__":2}';
    const { fatal, faults, faultCount } = scanJson(text, 32);
    assert.equal(fatal, null);
    assert.equal(faultCount, 3);
    assert.deepEqual(
      faults.map(({ kind, path, offset }) => [kind, path, text.slice(offset, offset + 3)]),
      [
        ['duplicate', ['b', 'c', 1, 'd'], '"\\u'],
        ['duplicate', ['a'], '"a"'],
        ['duplicate', ['__proto__'], '"__'],
      ],
    );
  });

  it('finds numbers that no double can hold', () => {
    const { faults } = scanJson('{"a":[1e308,-1e400],"b":1e-400}', 32);
    assert.deepEqual(
      faults.map(({ kind, path }) => [kind, path]),
      [['range', ['a', 1]]],
    );
  });

  const hostile: [name: string, text: string, fatal: string | undefined][] = [
    ['brackets that only open', '['.repeat(10_000_000), 'depth'],
    ['objects that only open', '{"a":'.repeat(2_000_000), 'depth'],
    ['millions of numbers', `[${'0,'.repeat(4_999_998)}0]`, undefined],
    ['millions of empty arrays', `[${'[],'.repeat(3_333_330)}0]`, undefined],
    ['millions of duplicate keys', `{${'"a":0,'.repeat(1_666_600)}"a":0}`, undefined],
    ['one long string', `"${'a'.repeat(9_999_990)}"`, undefined],
    ['one long string of escapes', `"${'\\n'.repeat(4_999_990)}"`, undefined],
    ['one long number', '1'.repeat(10_000_000), undefined],
    ['only white space', ' '.repeat(10_000_000), 'syntax'],
    ['a string without end', `"${'a'.repeat(9_999_990)}`, 'syntax'],
  ];
  for (const [name, text, fatal] of hostile) {
    it(`gets through 10 MB of ${name}`, () => {
      const scan = scanJson(text, 32);
      assert.equal(scan.fatal?.kind, fatal);
      assert.ok(scan.faults.length <= 100);
    });
  }

  it('accepts exactly what JSON.parse accepts: JSON, and JSON with damage', () => {
    const damaged = fc
      .tuple(
        fc.json({ maxDepth: 6, noUnicodeString: false }),
        fc.nat(),
        fc.nat(3),
        fc.constantFrom(
          '',
          ',',
          '"',
          '{',
          ']',
          ':',
          '\\',
          '\\u12',
          '0',
          '-',
          'e',
          '.',
          '\n',
          '\0',
          ' ',
        ),
      )
      .map(([text, at, cut, insert]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + insert + text.slice(place + cut);
      });
    const soup = fc
      .array(
        fc.constantFrom(
          ...'{}[]:,"\\'.split(''),
          ...['"a"', '"b":', 'true', 'null', '0', '-1.5e3', '\\n', ' ', '\t', '\u00a0', '\u0001'],
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged, soup, fc.string()), (text) => {
        assert.equal(scanJson(text, 100).fatal === null, isJson(text), JSON.stringify(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('finds a duplicate exactly where JSON.parse drops a member', () => {
    const members = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', '', '__proto__'), fc.nat(9)));
    fc.assert(
      fc.property(members, (entries) => {
        const text = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`;
        const kept = Object.keys(JSON.parse(text)).length;
        assert.equal(scanJson(text, 32).faultCount, entries.length - kept);
      }),
    );
  });
});

describe('locateJson', () => {
  it('finds keys and values, and the last of duplicates', () => {
    const text = '{ "a": [1, {"b c": 2}], "d": {}, "a": [7] , "e": null}';
    const paths: JsonStep[][] = [[], ['d'], ['a', 0], ['e'], ['a', 5], ['nope']];
    const shown = locateJson(text, paths).map((place) =>
      place === null
        ? null
        : [text.slice(place.key, place.key + 3), text.slice(place.value, place.value + 1)],
    );
    assert.deepEqual(shown, [['{ "', '{'], ['"d"', '{'], ['7] ', '7'], ['"e"', 'n'], null, null]);
    assert.deepEqual(locateJson('[[0],{"x":[1]}]', [[1, 'x', 0]]), [{ key: 11, value: 11 }]);
  });

  it('finds each value of any JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.array(fc.integer())), (value) => {
        const text = JSON.stringify(value, null, 1);
        for (const [key, items] of Object.entries(value)) {
          const [place, first] = locateJson(text, [[key], [key, 0]]);
          assert.ok(text.startsWith(JSON.stringify(key), place?.key));
          if (items[0] !== undefined) assert.ok(text.startsWith(String(items[0]), first?.value));
        }
      }),
    );
  });
});
