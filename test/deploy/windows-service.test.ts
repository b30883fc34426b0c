import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { watchFlags } from '../../src/cli/flags.ts';
import { settingInfos, settingsSchema } from '../../src/config/schema.ts';

const read = (name: string) =>
  readFileSync(new URL(`../../deploy/windows/${name}`, import.meta.url), 'utf8');

const script = read('install-service.ps1');
const xml = read('conductor-loop-service.xml');

/** Of nssm 2.24, as its `nssm set` knows them (https://nssm.cc/commands), as far as they are of use here. */
const nssmSettings = new Set([
  ...['Application', 'AppParameters', 'AppDirectory', 'DisplayName', 'Description', 'Start'],
  ...['AppNoConsole', 'AppStopMethodSkip', 'AppStopMethodConsole', 'AppStopMethodWindow'],
  ...['AppStopMethodThreads', 'AppKillProcessTree', 'AppThrottle', 'AppExit', 'AppRestartDelay'],
  ...['AppStdout', 'AppStderr', 'AppRotateFiles', 'AppRotateOnline', 'AppRotateBytes'],
]);

/** Of WinSW 2 and 3 (https://github.com/winsw/winsw/blob/v3/docs/xml-config-file.md). */
const winswElements = new Set([
  ...['service', 'id', 'name', 'description', 'executable', 'arguments', 'workingdirectory'],
  ...['startmode', 'delayedAutoStart', 'stoptimeout', 'onfailure', 'resetfailure', 'logpath'],
  ...['log', 'sizeThreshold', 'keepFiles'],
]);

const all = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

/** What a clean stop may take, and ten seconds for a slow disk. */
const stopMs = settingsSchema.shape.shutdown_grace.parse(undefined) + 10_000;

test('nssm is told what it knows', () => {
  const [, table = ''] = /\$settings = \[ordered\]@\{\n {8}Application([^}]+)\}/.exec(script) ?? [];
  const names = [...all(table, /^ +(\w+) +=/gm), ...all(script, /'set', \$service, '(\w+)'/g)];
  assert.ok(names.length > 12, String(names));
  for (const name of names) assert.ok(nssmSettings.has(name), name);
  for (const name of ['AppStopMethodConsole', 'AppRotateBytes', 'AppRestartDelay', 'AppExit']) {
    assert.ok(names.includes(name), name);
  }
});

test('WinSW is told what it knows', () => {
  const opened = all(xml, /<(\w+)[^>]*>/g);
  assert.ok(opened.length > 12);
  for (const name of opened) assert.ok(winswElements.has(name), name);
  const closed = all(xml, /<\/(\w+)>/g);
  const empty = all(xml, /<(\w+)[^>]*\/>/g);
  assert.deepEqual([...closed, ...empty].sort(), opened.sort());
});

test('both give a clean stop its time', () => {
  const [seconds = ''] = all(script, /^\$stopSeconds = (\d+)$/gm);
  assert.ok(Number(seconds) * 1000 >= stopMs, seconds);
  assert.match(script, /AppStopMethodConsole = "\$\(\$stopSeconds \* 1000\)"/);
  const [waited = ''] = all(xml, /<stoptimeout>(\d+) sec<\/stoptimeout>/g);
  assert.equal(waited, seconds);
});

test('flags and settings that they name are ours', () => {
  const { flags } = watchFlags();
  const calls = [
    ...all(script, /AppParameters += "(.*)"$/gm),
    ...all(script, /Invoke-Program \$binary @\((.*)\)$/gm),
    ...all(xml, /<arguments>(.*)<\/arguments>/g),
  ];
  const used = calls.flatMap((call) => all(` ${call}`, /[ ']-([a-z][a-z-]+)/g));
  assert.ok(used.length >= 6, String(used));
  for (const flag of used) assert.ok(flags.has(flag), flag);
  const [first = ''] = all(script, /\$settings = \[ordered\]@\{ (handoff.*) \}$/gm);
  const keys = all(first, /(\w+) = /g);
  assert.deepEqual(keys, ['handoff', 'out', 'porch']);
  for (const key of keys)
    assert.ok(
      settingInfos.some((info) => info.key === key),
      key,
    );
});

test('every function and variable that the script uses is its own', () => {
  const functions = new Set(all(script, /^function ([\w-]+)/gm));
  const used = all(script, /(?<![\w-])((?:Invoke|Grant|Initialize|Find|Assert|Install)-\w+)/g);
  for (const name of used) assert.ok(functions.has(name) || name === 'Install-Service', name);
  const given = all(script, /\$(\w+) = /g);
  const parameters = all(script, /\[(?:string|switch|string\[\])\] \$(\w+)/g);
  const known = new Set([...given, ...parameters, '_', 'true', 'null', 'PSCmdlet', 'PSScriptRoot']);
  for (const name of ['LASTEXITCODE', 'path', 'name', 'candidate', 'code', 'grant'])
    known.add(name);
  for (const name of all(script, /\$\{?(?!env:)(\w+)/g)) assert.ok(known.has(name), name);
});

test('whose the directories are is asked, and others are shut out, before the configuration is written', () => {
  const [, body = ''] = /^function Invoke-Install \{\n([\s\S]*?)^\}/m.exec(script) ?? [];
  const steps = ['{ Assert-Trusted $path }', 'Grant-Access $data @()', 'Write-FirstConfig'];
  const places = steps.map((step) => body.indexOf(step));
  assert.ok(!places.includes(-1), String(places));
  assert.deepEqual(
    places,
    places.toSorted((one, other) => one - other),
  );
});

test('its brackets close', () => {
  const bare = script
    .replace(/<#[\s\S]*?#>/g, '')
    .replace(/^ *#.*$/gm, '')
    .replace(/'[^'\n]*'/g, "''");
  const open: string[] = [];
  for (const bracket of bare.match(/[()[\]{}]/g) ?? []) {
    if ('([{'.includes(bracket)) open.push(bracket);
    else assert.equal(`${open.pop()}${bracket}`, { ')': '()', ']': '[]', '}': '{}' }[bracket]);
  }
  assert.deepEqual(open, []);
});
