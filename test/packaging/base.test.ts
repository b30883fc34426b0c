import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { verify } from '../../packaging/base.ts';
import { parseLockfile } from '../../packaging/lockfile.ts';

const directory = mkdtempSync(join(tmpdir(), 'conductor-base-'));
after(() => rmSync(directory, { recursive: true }));

const archive = join(directory, 'a.tgz');
const sha512 = createHash('sha512').update('as it was published').digest('base64');
const packages = { 'node_modules/a': { version: '1.2.3', integrity: `sha512-${sha512}` } };
const { packages: locked } = parseLockfile(JSON.stringify({ name: 'x', version: '1', packages }));

test('an archive that the lockfile knows is taken', () => {
  const [a] = locked;
  assert.ok(a);
  writeFileSync(archive, 'as it was published');
  verify(archive, a);
});

test('any other is refused with both digests', () => {
  const [a] = locked;
  assert.ok(a);
  writeFileSync(archive, 'as somebody else would like it');
  assert.throws(() => verify(archive, a), {
    message: new RegExp(`^a@1\\.2\\.3 is not .*package-lock\\.json.* and ${a.sha512} was expected`),
  });
});
