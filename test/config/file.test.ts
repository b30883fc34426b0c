import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '../../src/config/error.ts';
import { readConfigFile } from '../../src/config/file.ts';

const directory = mkdtempSync(join(tmpdir(), 'conductor-file-'));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'config.json');

function problemOf(content: string): string {
  writeFileSync(path, content);
  try {
    readConfigFile(path, () => false);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('expected a ConfigError');
}

test('broken JSON is told with file, line, column and mend', () => {
  const table: [string, RegExp][] = [
    ['{\n  "mode": "direct",\n}', /config\.json, line 3, column 1: .*remove the comma/],
    ['{"a": 1 "b": 2}', /line 1, column 9: .*comma may be missing/],
    ["{'a': 1}", /line 1, column 2: .*double quotes/],
    ['{\n// why\n"a": 1}', /line 2, column 1: .*no comments/],
    ['mode: direct', /line 1, column 1: .*begins with \{/],
    ['', /line 1, column 1: .*begins with \{/],
    ['{"a": {"b": 1}', /line 1, column 15: .*cut off/],
    ['{"a": 1, "a": 2}', /line 1, column 10: .*twice.*leave one/],
    ['[1]', /expected one JSON object/],
    ['"x"', /expected one JSON object/],
  ];
  for (const [content, pattern] of table) assert.match(problemOf(content), pattern, content);
});

test('a file that is not there is named', () => {
  const missing = join(directory, 'missing.json');
  assert.throws(() => readConfigFile(missing, () => false), /missing\.json cannot be read: ENOENT/);
});

test('sections become dotted keys, and a byte order mark is skipped', () => {
  writeFileSync(path, '\uFEFF{"a": {"b": {"c": 1}, "d": [2]}, "e": {}}');
  const entries = readConfigFile(path, () => false).map(({ key, value }) => [key, value]);
  assert.deepEqual(entries, [
    ['a.b.c', 1],
    ['a.d', [2]],
    ['e', {}],
  ]);
});
