import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { entriesOf } from '../../src/platform/index.ts';
import { tempDir } from '../spool/support.ts';

async function namesIn(path: string, expected?: number): Promise<string[]> {
  const names: string[] = [];
  for await (const batch of entriesOf(path, expected)) names.push(...batch);
  return names.sort();
}

test('the same names come in steps and at once, byte by byte', async (t) => {
  const path = tempDir(t);
  const names = ['a.json', 'b', Buffer.from('ü').toString('latin1')];
  for (const name of names) writeFileSync(join(path, Buffer.from(name, 'latin1').toString()), '');
  if (process.platform === 'linux') {
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff])]), '');
    names.push('\xff');
  }
  assert.deepEqual(await namesIn(path), names.toSorted());
  assert.deepEqual(await namesIn(path, 4), names.toSorted());
});

test('more than come at a time are all there, also where few were expected', async (t) => {
  const path = tempDir(t);
  for (let number = 0; number < 2500; number++) mkdirSync(join(path, `${number}`));
  for (const expected of [undefined, 3]) {
    assert.equal(new Set(await namesIn(path, expected)).size, 2500);
  }
});

test('a directory that is not there is an error either way', async (t) => {
  const path = join(tempDir(t), 'none');
  await assert.rejects(namesIn(path), { code: 'ENOENT' });
  await assert.rejects(namesIn(path, 3), { code: 'ENOENT' });
});
