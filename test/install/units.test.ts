import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forbidden } from '../faults/skip.ts';

const service = fileURLToPath(new URL('../../conductor-loop.service', import.meta.url));
const template = fileURLToPath(
  new URL('../../deploy/systemd/conductor-loop@.service', import.meta.url),
);

/** The directives of a unit, without comments and empty lines. */
function directives(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

test('the unit for several spools differs in its names alone', () => {
  const wanted = directives(service).map((line) => {
    if (line.startsWith('Description=')) return `${line} (%i)`;
    if (/^(StateDirectory|WorkingDirectory)=/.test(line)) return `${line}-%i`;
    return line.replace('/config.json', '/%i.json');
  });
  assert.deepEqual(directives(template), wanted);
});

test('systemd thinks the unit well enclosed', (t) => {
  const result = spawnSync('systemd-analyze', ['security', '--offline=yes', service], {
    encoding: 'utf8',
  });
  if (result.error) return forbidden(t.name, 'systemd-analyze is not installed');
  const level = /exposure level for conductor-loop\.service: ([\d.]+)/.exec(result.stdout)?.[1];
  assert.ok(Number(level) < 2, result.stdout + result.stderr);
});

test('systemd understands every line of the units', (t) => {
  for (const [unit, path] of [
    ['conductor-loop.service', service],
    ['conductor-loop@one.service', template.replace('@.', '@one.')],
  ] as const) {
    const result = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    if (result.error) return forbidden(t.name, 'systemd-analyze is not installed');
    // The program is not installed on this machine.
    const said = result.stderr.split('\n').filter((line) => !/is not executable|^$/.test(line));
    assert.deepEqual(said, [], unit);
  }
});
