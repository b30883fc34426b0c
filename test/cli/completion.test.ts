import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { bashCompletion } from '../../src/cli/completion/bash.ts';
import { catalogue } from '../../src/cli/completion/catalogue.ts';
import { fishCompletion } from '../../src/cli/completion/fish.ts';
import { powershellCompletion } from '../../src/cli/completion/powershell.ts';
import { zshCompletion } from '../../src/cli/completion/zsh.ts';
import { commandNames } from '../../src/cli/flags.ts';
import { settingInfos } from '../../src/config/schema.ts';
import { forbidden } from '../faults/skip.ts';

const directory = mkdtempSync(join(tmpdir(), 'conductor-completion-'));
after(() => rmSync(directory, { recursive: true, force: true }));
mkdirSync(join(directory, 'spool'));
writeFileSync(join(directory, 'some.json'), '{}');

const scripts = {
  bash: bashCompletion(catalogue()),
  zsh: zshCompletion(catalogue()),
  fish: fishCompletion(catalogue()),
  powershell: powershellCompletion(catalogue()),
};

/** Runs a shell with the script in a file; null where there is no such shell. */
function inShell(shell: keyof typeof scripts, args: readonly string[]): string | null {
  const file = join(directory, `_conductor-loop.${shell}`);
  writeFileSync(file, scripts[shell]);
  const program = shell === 'powershell' ? 'pwsh' : shell;
  const result = spawnSync(program, args, {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, FILE: file },
    encoding: 'utf8',
  });
  if (result.error) {
    forbidden(`completions in ${shell}`, `${program} is not installed`);
    return null;
  }
  assert.equal(result.stderr, '');
  assert.equal(result.status, 0);
  return result.stdout;
}

const asked: readonly (readonly [string[], string[]])[] = [
  [['conductor-loop', 'st'], ['status']],
  [['conductor-loop', '--mod'], ['--mode']],
  [
    ['conductor-loop', '--mode', ''],
    ['direct', 'structured'],
  ],
  [['conductor-loop', '-once', '-mode', 's'], ['structured']],
  [['conductor-loop', '-handoff', 's'], ['spool']],
  [['conductor-loop', '-config', 'so'], ['some.json']],
  [['conductor-loop', '-porch', 'bu'], ['builtin']],
  [['conductor-loop', 'retry', '--dry'], ['--dry-run']],
  [['conductor-loop', 'top', '--dry'], []],
  [['conductor-loop', 'health', '--check', 'r'], ['ready']],
  [['conductor-loop', 'validate', 'so'], ['some.json']],
  [['conductor-loop', 'completion', 'f'], ['fish']],
  [['conductor-loop', 'help', 'por'], ['porch']],
];

test('bash completes commands, flags and values', () => {
  for (const [words, wanted] of [
    ...asked,
    [['conductor-loop', '-onc'], ['-once']] as const,
    [['conductor-loop', '--mode', '=', 's'], ['structured']] as const,
    [
      ['conductor-loop', '--mode', '='],
      ['direct', 'structured'],
    ] as const,
  ]) {
    const given = words.map((word) => `'${word}'`).join(' ');
    const ask = `. "$FILE"; COMP_WORDS=(${given}); COMP_CWORD=${words.length - 1}; _conductor_loop; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = inShell('bash', ['--norc', '-c', ask]);
    if (said === null) return;
    assert.deepEqual(said.split('\n').filter(Boolean), wanted, words.join(' '));
  }
});

test('fish completes commands, flags and values', () => {
  for (const [words, wanted] of asked) {
    const ask = `source $FILE; complete -C '${words.join(' ')}'`;
    const said = inShell('fish', ['--no-config', '-c', ask]);
    if (said === null) return;
    const offered = said.split('\n').filter(Boolean);
    const names = offered.map((line) => line.split('\t')[0]?.replace(/\/$/, ''));
    assert.deepEqual(names.sort(), wanted, words.join(' '));
  }
});

test('zsh takes the script', () => {
  const ask = `autoload -Uz compinit; compinit -D; source "$FILE"; print -r -- $_comps[conductor-loop]`;
  const said = inShell('zsh', ['-f', '-c', ask]);
  if (said !== null) assert.equal(said, '_conductor_loop\n');
});

test('PowerShell takes the script', () => {
  const parse = '[void][ScriptBlock]::Create((Get-Content -Raw $env:FILE))';
  const said = inShell('powershell', ['-NoProfile', '-Command', parse]);
  if (said !== null) assert.equal(said, '');
});

test('each shell is told every command and every flag', () => {
  for (const [shell, script] of Object.entries(scripts)) {
    for (const name of [...commandNames, ...settingInfos.map(({ flag }) => flag)]) {
      assert.match(script, new RegExp(`(?<![\\w])${name}(?![\\w-])`), `${shell}: ${name}`);
    }
  }
});

test('a flag means the same wherever it is written', () => {
  const { flags, commands } = catalogue();
  const seen = new Map(flags.map(({ name, value }) => [name, value]));
  for (const { name, value } of commands.flatMap((command) => command.flags)) {
    assert.deepEqual(value, seen.get(name) ?? value, name);
    seen.set(name, value);
  }
});
