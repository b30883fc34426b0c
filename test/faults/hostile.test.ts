/** Everything that a hostile dropper may drop, into one running program, with good intents between. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCodes } from '../../src/intent/codes.ts';
import type { LogLine } from '../e2e/harness.ts';
import { Spool, type Status } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { type Case, marker } from './corpus/case.ts';
import { makeTargets } from './corpus/kinds.ts';
import { corpus } from './corpus.ts';
import { Opens } from './opens.ts';
import { long } from './scale.ts';
import { forbidden } from './skip.ts';

/** A good intent after so many of the others. */
const GOOD_EVERY = 10;

/** The longest name that we keep stands in a line three times, a refused one escaped. */
const LONGEST_LINE = 2500;

/** Threads and their heaps, and what it takes to read the largest of the files: measured 350 MB. */
const MOST_MEMORY_KB = 800_000;

const tried = process.geteuid?.() === 0 ? corpus : corpus.filter((one) => !one.needsRoot);

/** The name under which a file is filed. */
function filedName({ name, isNameRefused }: Case): string {
  if (!isNameRefused) return name.toString();
  return `intent-refused-${createHash('sha256').update(name).digest('hex').slice(0, 16)}.json`;
}

const isThere = (path: string | Buffer) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const within = (directory: string, name: Buffer) => {
  return Buffer.concat([Buffer.from(`${directory}/`), name]);
};

/** Makes the file outside and renames it in. */
async function drop(spool: Spool, one: Case, index: number): Promise<void> {
  const path = Buffer.from(spool.path('drops', `case-${index}`));
  await one.make({ path, outside: spool.path('outside'), handoff: spool.handoff });
  renameSync(path, within(spool.handoff, one.name));
}

/** The status of a file that has come to rest; a link in its place need not lead anywhere. */
function rested(spool: Spool, name: string): Status | null {
  const status = spool.status(name);
  return status !== null && isThere(join(spool.handoff, status.moved_to)) ? status : null;
}

/** How often porch was begun for a name, which may have spaces in it. */
function runsOf(spool: Spool, name: string): number {
  const lines = readFileSync(join(spool.out, 'porch.log'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith(`start ${name} `)).length;
}

/** What is not as it should be with a case, in words. */
function complaints(spool: Spool, log: readonly LogLine[], one: Case): string[] {
  const name = filedName(one);
  const found: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) found.push(`${one.label} (${name}): ${what}`);
  };
  const left = isThere(within(spool.handoff, one.name));
  const lines = log.filter((line) => line.intent_file === name);
  const status = spool.status(name);
  if (one.expected === 'left') {
    expect(left && status === null, 'it was not left alone');
    const isDirectory = lstatSync(within(spool.handoff, one.name)).isDirectory();
    expect(lines.length === (isDirectory ? 1 : 0), `${lines.length} lines about it`);
    return found;
  }
  expect(!left, 'it was left');
  expect(lines.length === 1, `${lines.length} lines about it`);
  const code = status?.error_details?.error_code ?? 'accepted';
  expect(code === one.expected, `${code}, not ${one.expected}`);
  expect((lines[0]?.error_code ?? 'accepted') === code, `${lines[0]?.error_code} in the log`);
  const runs = runsOf(spool, name);
  expect(runs === (code === 'accepted' ? 1 : 0), `${runs} runs`);
  const place = code === 'accepted' ? 'processed' : 'failed';
  expect(status?.moved_to === `${place}/${name}`, `moved to ${status?.moved_to}`);
  if (one.expected === 'accepted' || place !== 'failed') return found;
  const errorLog = spool.read('failed', `${name}.error.log`);
  const head = `file:  ${name}\nerror: ${one.expected} ${errorCodes[one.expected]}\n`;
  expect(errorLog.startsWith(head), `its error log is: ${errorLog.slice(0, 200)}`);
  expect(errorLog.length < LONGEST_LINE, `an error log of ${errorLog.length} characters`);
  const isUnread = one.expected === 'E014' || one.expected === 'E016';
  expect(!isUnread || !`${errorLog}${JSON.stringify(status)}`.includes(marker), 'it was quoted');
  return found;
}

function peakMemoryKb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]);
}

/** What of a file must stay as it is when somebody links to it. */
function stateOf(path: string): unknown[] {
  const { ino, mode, nlink, uid, mtimeMs, size } = lstatSync(path);
  return [path, ino, mode, nlink, uid, mtimeMs, size, readFileSync(path, 'utf8')];
}

async function dropEverything(flags: readonly string[]): Promise<void> {
  await using spool = new Spool({ unprivileged: true });
  mkdirSync(spool.path('outside'));
  const targets = makeTargets(spool.path('outside'));
  const before = targets.files.map(stateOf);
  using opens = Opens.of(targets.all);
  if (!opens) forbidden('that links are not followed', 'no inotify');
  opens?.take();
  const program = await spool.watch(['-settle-timeout', '2s', '-period', '200ms', ...flags]);
  const good: string[] = [];
  for (const [index, one] of tried.entries()) {
    await drop(spool, one, index);
    if (index % GOOD_EVERY !== 0) continue;
    good.push(`intent-good-${good.length}.json`);
    spool.drop(good.at(-1) ?? '', intentFor('', { target: `good-${good.length}` }));
  }
  for (const name of good) await spool.filed(name);
  for (const one of tried) {
    if (one.expected === 'left') continue;
    const { label } = one;
    await spool.until(() => rested(spool, filedName(one)) !== null, `${label} to be filed`);
  }
  const directories = tried.filter(({ expected, name }) => {
    return expected === 'left' && lstatSync(within(spool.handoff, name)).isDirectory();
  });
  const reported = () => program.logged(/ is a directory: /).length >= directories.length;
  await spool.until(reported, 'the directories to be reported');

  // Each is in its place a moment before the log says so.
  await spool.until(() => {
    const said = new Set(program.log.map((line) => line.intent_file));
    return tried.every((one) => one.expected === 'left' || said.has(filedName(one)));
  }, 'a line about each');

  assert.deepEqual(opens?.take() ?? [], []);
  if (opens) assertNotices(opens, targets.files);
  const { log } = program;
  assert.deepEqual(
    tried.flatMap((one) => complaints(spool, log, one)),
    [],
  );
  for (const name of good) assert.equal(spool.runs(name), 1);
  assert.deepEqual(targets.files.map(stateOf), before);
  if (process.platform === 'linux') {
    const peak = peakMemoryKb(program.pid);
    console.log(`peak memory with ${tried.length} hostile files: ${Math.round(peak / 1024)} MB`);
    assert.ok(peak < MOST_MEMORY_KB, `${peak} KB`);
  }
  assert.equal(await program.stop(), 0);
  assertQuiet(program.stderr);
  assert.deepEqual(spool.claimed, []);
  for (const { name } of directories) chmodSync(within(spool.handoff, name), 0o755);
  const reach = ['.', 'out', 'drops', 'outside', 'handoff', 'handoff/processed', 'handoff/failed'];
  for (const directory of reach) assert.ok(!isThere(spool.path(directory, 'pwned')), directory);
}

/** A watch that notices nothing would prove nothing. */
function assertNotices(opens: Opens, paths: readonly string[]): void {
  for (const path of paths) readFileSync(path);
  const noticed = opens.take();
  assert.deepEqual(
    paths.filter((path) => !noticed.includes(path)),
    [],
  );
}

function assertQuiet(log: string): void {
  assert.ok(!log.includes(marker));
  assert.doesNotMatch(log, /\\n\s+at |node:internal|"stack"|\.[cm]?[jt]s:\d+:\d+/);
  const longest = Math.max(...log.split('\n').map((line) => line.length));
  assert.ok(longest < LONGEST_LINE, `a line of ${longest} characters`);
}

test('each hostile file is accepted, refused with its code, or left; the program lives on', async () => {
  assert.ok(corpus.length >= 150);
  if (tried.length < corpus.length) forbidden('device files', 'only root makes them');
  await dropEverything([]);
  if (long) await dropEverything(['-poll']);
});

test('what somebody puts under the names of the state files keeps no state from being written', async () => {
  const directory = (path: string) => void mkdirSync(join(path, 'full'), { recursive: true });
  const file = (path: string) => writeFileSync(path, 'x', { mode: 0o600 });
  const link = (path: string) => symlinkSync('/dev/null', path);
  const fifo = (path: string) => void execFileSync('mkfifo', [path]);
  for (const [snapshot, temporary, segment] of [
    [directory, directory, directory],
    [link, fifo, file],
  ] as const) {
    await using spool = new Spool({ unprivileged: true });
    const program = await spool.watch([], { env: { POD_NAME: 'one' } });
    const at = (name: string) => join(spool.handoff, `.conductor-state.${name}`);
    if (!isThere(at('json'))) snapshot(at('json'));
    temporary(at('json.tmp'));
    for (const number of [1, 2, 3]) segment(at(`one.journal.${number}`));
    spool.drop('intent-a.json', intentFor(''));
    await spool.filed('intent-a.json');
    assert.equal(await program.stop(), 0, program.stderr);
    assert.match(spool.read('.conductor-state.json'), /\["intent-a\.json",/);
  }
});

test('a state that cannot be written at the end keeps the program from ending well, not from ending', async () => {
  await using spool = new Spool({ unprivileged: true });
  const program = await spool.watch(['-shutdown-grace', '1s']);
  spool.drop('intent-a.json', intentFor(''));
  await spool.filed('intent-a.json');
  chmodSync(spool.handoff, 0o555);
  assert.equal(await program.stop(), 2);
  assert.equal(program.logged(/^the state could not be written/).length, 1);
});
