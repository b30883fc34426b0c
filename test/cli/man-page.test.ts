import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { commands } from '../../src/cli/flags.ts';
import { manPage } from '../../src/cli/man-page.ts';
import { settingInfos } from '../../src/config/schema.ts';
import { forbidden } from '../faults/skip.ts';

/** Gives a formatter the page; null where it is not installed. */
function formatted(program: string, args: readonly string[]) {
  const result = spawnSync(program, args, { input: manPage(), encoding: 'utf8' });
  if (result.error) {
    forbidden(`the manual page in ${program}`, `${program} is not installed`);
    return null;
  }
  return result;
}

test('groff sets the page without a warning, and every command and flag can be searched in it', () => {
  const result = formatted('groff', ['-man', '-Tascii', '-ww', '-rLL=200n', '-P-c']);
  if (result === null) return;
  assert.equal(result.stderr, '');
  const shown = result.stdout.replace(/.\x08/g, '');
  for (const { usage } of commands) assert.ok(shown.includes(`conductor-loop ${usage}`), usage);
  const options = shown.slice(shown.indexOf('\nOPTIONS\n'));
  for (const { flag } of settingInfos) assert.match(options, new RegExp(`^ +--${flag}\\b`, 'm'));
});

test('mandoc finds nothing wrong with the page', () => {
  const result = formatted('mandoc', ['-T', 'lint', '-W', 'warning']);
  if (result === null) return;
  // A date would make two builds of one commit differ.
  const said = `${result.stdout}${result.stderr}`.trimEnd().split('\n');
  assert.deepEqual(said, ['mandoc: <stdin>:1:22: WARNING: missing date, using "": TH']);
});
