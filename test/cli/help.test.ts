import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descriptions } from '../../src/cli/descriptions.ts';
import { commandFlags, commandNames, watchFlags } from '../../src/cli/flags.ts';
import { commandHelp, watchHelp } from '../../src/cli/help.ts';
import type { Look } from '../../src/cli/terminal.ts';
import { settingInfos } from '../../src/config/schema.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const plain = { width: 80, colour: false };

test('every flag stands in help with its default', () => {
  const lines = watchHelp(plain).split('\n');
  for (const info of settingInfos) {
    const at = lines.findIndex((line) => line.split(/\s+/)[1] === `--${info.flag}`);
    assert.notEqual(at, -1, info.flag);
    const next = lines.findIndex((line, index) => index > at && /^( {2}--|$)/.test(line));
    const entry = lines.slice(at, next).join(' ').replace(/\s+/g, ' ');
    assert.ok(entry.includes(`(default ${info.defaultShown})`), entry);
  }
});

test('help names every flag that its command takes', () => {
  const unlisted = ['handoff-dir', 'porch-mode', 'h', 'version', 'help'];
  for (const [table, page] of [
    [watchFlags(), watchHelp(plain)],
    ...descriptions.map((one) => [commandFlags(one), commandHelp(one, plain)] as const),
  ] as const) {
    for (const [name, meaning] of table.flags) {
      if (unlisted.includes(name) || meaning.kind !== 'flag' || meaning.name !== name) continue;
      assert.ok(page.includes(`--${name}`), name);
    }
  }
});

test('help fits the width, and colours only add to it', () => {
  for (const width of [80, 100]) {
    const pages = descriptions.map((one) => (look: Look) => commandHelp(one, look));
    for (const page of [watchHelp, ...pages]) {
      const text = page({ width, colour: false });
      for (const line of text.split('\n')) assert.ok(line.length <= width, line);
      const coloured = page({ width, colour: true });
      assert.notEqual(coloured, text);
      assert.equal(coloured.replace(/\x1b\[\d+m/g, ''), text);
    }
  }
});

test('help tells commands, examples, exit codes and where the documentation is', () => {
  const page = watchHelp(plain);
  for (const part of [
    'conductor-loop status',
    'show NAME',
    'retry NAME',
    'validate FILE',
    'porch -intent',
    'Examples',
    'Exit codes',
    'settings.md',
  ]) {
    assert.ok(page.includes(part), part);
  }
});

test('each command that is listed is there', () => {
  for (const name of commandNames) {
    const result = spawnSync(process.execPath, [main, 'help', name], { encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    const shown = name === 'help' ? 'conductor-loop watches' : `conductor-loop ${name}`;
    assert.ok(result.stdout.startsWith(shown), name);
  }
});
