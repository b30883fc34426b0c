import assert from 'node:assert/strict';
import { test } from 'node:test';
import { porchFlags, validateFlags, watchFlags } from '../../src/cli/flags.ts';
import { porchHelp, validateHelp, watchHelp } from '../../src/cli/help.ts';
import { settingInfos } from '../../src/config/schema.ts';

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
    [validateFlags(), validateHelp(plain)],
    [porchFlags, porchHelp(plain)],
  ] as const) {
    for (const [name, meaning] of table.flags) {
      if (unlisted.includes(name) || meaning.kind !== 'flag' || meaning.name !== name) continue;
      assert.ok(page.includes(`--${name}`), name);
    }
  }
});

test('help fits the width, and colours only add to it', () => {
  for (const width of [80, 100]) {
    for (const page of [watchHelp, validateHelp, porchHelp]) {
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
