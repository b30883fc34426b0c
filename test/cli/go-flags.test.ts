import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandFlags, watchFlags } from '../../src/cli/flags.ts';
import { normaliseFlags } from '../../src/cli/go-flags.ts';
import { validateDescription } from '../../src/cli/validate-command.ts';

function watch(...args: string[]) {
  return normaliseFlags(args, watchFlags());
}

function refused(args: string[], pattern: RegExp): void {
  assert.throws(() => watch(...args), pattern);
}

test("Go's and GNU's ways of writing are one", () => {
  const table: [string[], string[]][] = [
    [['-handoff', 'a'], ['--handoff=a']],
    [['--handoff', 'a'], ['--handoff=a']],
    [['-handoff=a'], ['--handoff=a']],
    [['--handoff=a=b'], ['--handoff=a=b']],
    [['-handoff='], ['--handoff=']],
    [['-once'], ['--once=true']],
    [['-once=false'], ['--once=false']],
    [['--once=0', '-once'], ['--once=true']],
    [['-mode', 'direct', '--mode=structured'], ['--mode=structured']],
    [
      ['-handoff-dir', 'a', '-porch-mode', 'direct'],
      ['--handoff=a', '--mode=direct'],
    ],
    [
      ['-poll', '-http=false'],
      ['--poll=true', '--http=false'],
    ],
    [['-handoff', '-once'], ['--handoff=-once']],
    [['-retry.max_attempts'.replace(/[._]/g, '-'), '-1'], ['--retry-max-attempts=-1']],
    [
      ['-out', 'two words', '-porch', 'käse\n😀'],
      ['--out=two words', '--porch=käse\n😀'],
    ],
  ];
  for (const [args, argv] of table) assert.deepEqual(watch(...args).argv, [...argv, '--']);
});

test('help and version end everything, even mistakes', () => {
  for (const flag of ['-h', '-help', '--help', '-help=true', '--h']) {
    assert.deepEqual(watch('-nonsense', flag).argv, ['--help']);
  }
  assert.deepEqual(watch('-version').argv, ['--version']);
  assert.deepEqual(watch('-version', '-h').argv, ['--help']);
  assert.deepEqual(watch('-help=false').argv, ['--']);
  assert.deepEqual(watch('-handoff', '-h').argv, ['--handoff=-h', '--']);
});

test('an unknown flag is an error with the nearest, written as it was', () => {
  refused(['-handof', 'x'], /^ConfigError: unknown flag -handof; did you mean -handoff\?$/);
  refused(['--max_workers=3'], /unknown flag --max_workers; did you mean --max-workers\?/);
  refused(['-zzzzzz'], /unknown flag -zzzzzz$/);
});

test('a missing value and stray arguments are errors', () => {
  refused(['-handoff'], /-handoff needs a value: -handoff DIR/);
  refused(['-once', 'false'], /-once=false/);
  refused(['junk'], /unexpected argument "junk"/);
  refused(['--', '-once'], /unexpected argument "-once"/);
  refused(['-', '---x', ''], /unexpected argument "-";.*\n.*"---x";.*\n.*"";/);
});

test('flags of the earlier program that are not needed give one warning each', () => {
  const { argv, warnings } = watch(
    ...['-batch-size', '5', '-batch-size=6', '--batch-interval', '1s', '-use-processor'],
    ...['-error-dir', 'e', '-schema', 's', '-once'],
  );
  assert.deepEqual(argv, ['--once=true', '--']);
  assert.equal(warnings.length, 5);
  for (const warning of warnings) assert.match(warning, /not needed and is ignored: ./);
  refused(['-porch-url', 'http://x'], /^ConfigError: -porch-url: .*has no URL.*-porch builtin$/);
});

test('validate takes files among its flags, and after --', () => {
  const { argv } = normaliseFlags(
    ['a.json', '-max-replicas', '5', 'b.json', '--', '-c.json'],
    commandFlags(validateDescription),
  );
  assert.deepEqual(argv, ['--max-replicas=5', '--', 'a.json', 'b.json', '-c.json']);
});
