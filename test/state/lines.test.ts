import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Line, linesOf } from '../../src/state/lines.ts';
import { put, tempDir } from '../spool/support.ts';

async function all(path: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of linesOf(path)) lines.push(line);
  return lines;
}

test('lines end at line feeds and nowhere else, across chunks too', async (t) => {
  const long = 'ü'.repeat(100_000);
  const longer = 'x'.repeat(3 * 1024 * 1024);
  const texts = ['a', '', 'b\u2028c\u2029d\re', long, longer, 'rest'];
  const path = put(tempDir(t), 'lines', texts.join('\n'));
  const lines = await all(path);
  assert.deepEqual(
    lines.map(({ text }) => text),
    texts,
  );
  assert.deepEqual(
    lines.map(({ bytes, whole }) => [bytes, whole]),
    [
      [2, true],
      [1, true],
      [12, true],
      [200_001, true],
      [3 * 1024 * 1024 + 1, true],
      [4, false],
    ],
  );
  assert.deepEqual(await all(put(tempDir(t), 'empty', '')), []);
  await assert.rejects(all(join(path, 'none')), { code: 'ENOTDIR' });
});

test('a line beyond all measure ends the reading, however large the file is', async (t) => {
  const path = put(tempDir(t), 'sparse', 'first\n');
  truncateSync(path, 2 ** 40);
  const [first, zeros, ...rest] = await all(path);
  assert.equal(first?.text, 'first');
  assert.match(zeros?.text ?? '', /^\0+$/);
  assert.equal(zeros?.whole, true);
  assert.deepEqual(rest, []);
});
