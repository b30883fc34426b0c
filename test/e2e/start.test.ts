import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Spool, type SpoolOptions } from './spool.ts';

/** The start is refused with exit code 1 and one line on standard error that matches. */
async function refuses(spool: Spool, flags: readonly string[], line: RegExp, env = {}) {
  const program = spool.start(flags, { env });
  assert.equal(await program.exitCode(), 1, program.stderr);
  const lines = program.stderr.trimEnd().split('\n');
  assert.equal(lines.length, 1, program.stderr);
  assert.match(lines[0] ?? '', line);
}

const mistakes: readonly [string, readonly string[], RegExp][] = [
  ['an unknown flag', ['--debouce', '1s'], /--debouce.*--debounce/],
  ['a flag of one dash that is unknown', ['-max-wokers=3'], /-max-wokers.*max-workers/],
  ['a duration that does not parse', ['-debounce', 'soon'], /debounce.*"soon"/],
  ['a number out of its range', ['--max-workers=0'], /max-workers.*"0"/],
  ['a mode that there is not', ['-mode', 'indirect'], /mode.*"indirect"/],
  ['a switch with a value that is none', ['-once=perhaps'], /once.*"perhaps"/],
  ['a flag without its value', ['-mode'], /mode/],
  ['an argument that is no flag', ['now'], /"now"/],
  ['the URL of a porch', ['-porch-url', 'http://localhost'], /porch-url/],
  ['a missing config file', ['-config', 'none.json'], /none\.json/],
];

for (const [what, flags, line] of mistakes) {
  test(`${what} is refused in one line`, async () => {
    await using spool = new Spool();
    await refuses(spool, flags, line);
    assert.deepEqual(spool.list(), []);
  });
}

test('a config file with an unknown key, a wrong value or no JSON is refused in one line', async () => {
  await using spool = new Spool();
  const config = spool.path('config.json');
  for (const [text, line] of [
    ['{"porch_timeuot":"3s"}', /config\.json.*porch_timeuot.*porch_timeout/],
    ['{"porch_timeout":"3 seconds"}', /porch_timeout.*"3 seconds"/],
    ['{"porch_timeout"', /config\.json, line 1, column 17/],
  ] as const) {
    writeFileSync(config, text);
    await refuses(spool, ['-config', config], line);
  }
});

test('a wrong value in the environment is refused in one line', async () => {
  await using spool = new Spool();
  await refuses(spool, [], /CONDUCTOR_PERIOD.*"often"/, { CONDUCTOR_PERIOD: 'often' });
});

const places: readonly {
  what: string;
  flags: string[];
  line: RegExp;
  prepare(spool: Spool): void;
  options?: SpoolOptions;
}[] = [
  {
    what: 'a handoff that is a file',
    flags: ['-handoff', 'file'],
    line: /handoff.*file.*not a directory/,
    prepare: (spool) => writeFileSync(spool.path('file'), ''),
  },
  {
    what: 'a handoff whose parent is missing',
    flags: ['-handoff', 'not/there'],
    line: /not\/there.*parent/,
    prepare: () => {},
  },
  {
    what: 'an out inside handoff',
    flags: ['-out', 'handoff/out'],
    line: /out directory.*inside the handoff directory/,
    prepare: () => {},
  },
  {
    what: 'an out that leads into handoff by a link',
    flags: ['-out', 'link/out'],
    line: /inside the handoff directory/,
    prepare: (spool) => symlinkSync(spool.handoff, spool.path('link')),
  },
  {
    what: 'a processed/ that is a link',
    flags: [],
    line: /processed is a symbolic link/,
    prepare: (spool) => symlinkSync(spool.out, spool.path('handoff', 'processed')),
  },
  {
    what: 'a status/ that is a file',
    flags: [],
    line: /status is not a directory/,
    prepare: (spool) => writeFileSync(spool.path('handoff', 'status'), ''),
  },
  {
    what: 'a handoff that may not be written',
    flags: [],
    line: /handoff.*cannot be read and written by user \d+.*mode 0555/,
    prepare: (spool) => chmodSync(spool.handoff, 0o555),
    options: { unprivileged: true },
  },
  {
    what: 'a handoff that may not be read',
    flags: [],
    line: /handoff.*cannot be read and written by user \d+.*mode 0333/,
    prepare: (spool) => chmodSync(spool.handoff, 0o333),
    options: { unprivileged: true },
  },
  {
    what: 'an out that may not be written',
    flags: [],
    line: /out.*cannot be read and written by user \d+/,
    prepare: (spool) => chmodSync(spool.out, 0o555),
    options: { unprivileged: true },
  },
];

for (const { what, flags, line, prepare, options } of places) {
  test(`${what} is refused in one line`, async () => {
    await using spool = new Spool(options);
    prepare(spool);
    await refuses(spool, flags, line);
  });
}

test('a missing porch is refused with what was looked for, where, and the way out', async () => {
  await using spool = new Spool();
  const line = /no-such-porch.*-porch builtin/;
  await refuses(spool, ['-porch', 'no-such-porch'], /looked in PATH/);
  await refuses(spool, ['-porch', 'no-such-porch'], line);
  await refuses(spool, ['-porch', './no-such-porch'], line);
  const plain = spool.path('plain');
  writeFileSync(plain, '#!/bin/sh\n', { mode: 0o644 });
  await refuses(spool, ['-porch', plain], /plain.*not executable.*0644/);
});

test('a directory that was made by another user is refused', async (context) => {
  if (process.geteuid?.() !== 0) {
    context.skip('only root can make a directory for somebody else');
    return;
  }
  await using spool = new Spool({ unprivileged: true });
  mkdirSync(spool.path('handoff', 'failed'));
  await refuses(spool, [], /failed belongs to user 0.*chown/);
  rmdirSync(spool.path('handoff', 'failed'));
});

test('flags of the earlier program are taken with a warning', async () => {
  await using spool = new Spool();
  const { program, exitCode } = await spool.once(['-batch-size', '5', '-use-processor']);
  assert.equal(exitCode, 0);
  const warnings = program.log.filter((line) => line.level === 'warn');
  assert.match(warnings[0]?.message ?? '', /batch-size/);
  assert.match(warnings[1]?.message ?? '', /use-processor/);
});
