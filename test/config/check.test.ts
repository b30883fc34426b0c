import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkPaths } from '../../src/config/check.ts';
import { loadSettings } from '../../src/config/load.ts';

const root = mkdtempSync(join(tmpdir(), 'conductor-check-'));
after(() => rmSync(root, { recursive: true }));
writeFileSync(join(root, 'file'), '');
mkdirSync(join(root, 'present'));
symlinkSync(join(root, 'present'), join(root, 'link'));

function problems(flags: Record<string, string>): string {
  const { settings } = loadSettings({
    flags: { porch: 'builtin', ...flags },
    environment: {},
    directory: root,
  });
  return checkPaths(settings).join('\n');
}

test('what is there or can be made is fine, and is not made by looking', () => {
  assert.equal(problems({}), '');
  assert.equal(problems({ handoff: 'present' }), '');
  assert.equal(existsSync(join(root, 'handoff')), false);
});

test('a handoff that is a file, or has no parent, is said', () => {
  assert.match(problems({ handoff: 'file' }), /file is a file, not a directory/);
  assert.match(problems({ handoff: 'no/such/handoff' }), /nor does its parent; create .*no\/such /);
  assert.match(problems({ handoff: 'file/handoff' }), /handoff directory .*file\/handoff/);
});

test('an out inside handoff is found through links too', () => {
  assert.match(
    problems({ handoff: 'present', out: 'present/out' }),
    /inside the handoff directory/,
  );
  assert.match(problems({ handoff: 'present', out: 'link/deep/out' }), /inside the handoff/);
  assert.match(problems({ handoff: 'link', out: 'present' }), /inside the handoff directory/);
  assert.equal(problems({ handoff: 'present', out: 'present-out' }), '');
  assert.match(problems({ out: 'file' }), /file is a file, not a directory/);
});

test('a missing porch is said together with the way out', () => {
  assert.match(problems({ porch: './no-porch' }), /no-porch.*-porch builtin/);
});
