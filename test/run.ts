/**
 * `npm test`: every test of the project but for the long-running ones of test/faults, and the
 * end-to-end cases once for each way to run the program. `npm test -- spool` takes only the files
 * whose path has that word in it; `npm test -- --only source` only that part (unit, source, bundle,
 * deno, binary, windows or faults; may be repeated). `npm run test:faults` is `--only faults`. The single
 * binary and that of Windows are only tested where that is asked for; they are made where they are
 * missing or too old.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { type EventData, run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fileOf, type Target, targetOf, targets, thisHost } from '../packaging/targets.ts';
import { isPackaged } from './tools/packaged.ts';

const parts = ['unit', 'source', 'bundle', 'deno', 'binary', 'windows', 'faults'] as const;
type Part = (typeof parts)[number];

/** What runs where nothing is chosen. */
const usual: readonly Part[] = ['unit', 'source', 'bundle', 'deno'];

const root = fileURLToPath(new URL('..', import.meta.url));

/** Most cases wait most of the time, so that more files than cores run side by side. */
const FILES_AT_ONCE = 3;

/** Those of the faults suite work hard, and have several programs each. */
const FAULTS_AT_ONCE = 2;
const FILE_TIMEOUT_MS = 360_000;

/** The faults suite breaks things hundreds of times a file; FAULTS=long takes hours if it must. */
const FAULTS_TIMEOUT_MS = process.env.FAULTS === 'long' ? 6 * 3_600_000 : 900_000;

/**
 * What Node has made of each source file, for the next start to take: that is half of a start.
 * Programs that run as another user read it as well.
 */
const compiled = mkdtempSync(join(tmpdir(), 'conductor-compiled-'));
chmodSync(compiled, 0o755);
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));

const counted = ['tests', 'suites', 'passed', 'cancelled', 'skipped', 'todo'] as const;
type Counts = Record<(typeof counted)[number], number>;

const counts: Counts = { tests: 0, suites: 0, passed: 0, cancelled: 0, skipped: 0, todo: 0 };
let failed = false;

type Room = 'unit' | 'e2e' | 'windows' | 'faults';

function roomOf(path: string): Room {
  const room = path.split(sep)[1];
  return room === 'e2e' || room === 'windows' || room === 'faults' ? room : 'unit';
}

/** The cases of test/e2e are for each way to run the program. */
function roomFor(part: Part): Room {
  return part === 'unit' || part === 'windows' || part === 'faults' ? part : 'e2e';
}

function filesOf(part: Part, words: readonly string[]): string[] {
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((path) => roomOf(path) === roomFor(part))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .map((path) => join(root, path))
    .sort();
}

/** The events of one part but for its summary, which is added to ours. */
async function* eventsOf(part: Part, files: readonly string[]) {
  const way = roomFor(part) === 'e2e' ? part : 'source';
  const env = { ...process.env, CONDUCTOR_UNDER_TEST: way, NODE_COMPILE_CACHE: compiled };
  const timeout = part === 'faults' ? FAULTS_TIMEOUT_MS : FILE_TIMEOUT_MS;
  const concurrency = part === 'faults' ? FAULTS_AT_ONCE : FILES_AT_ONCE;
  const options = { files, env, concurrency, timeout, cwd: root };
  for await (const event of run(options)) {
    if (event.type === 'test:summary') addSummary(event.data);
    else if (event.type !== 'test:diagnostic' || event.data.nesting > 0) yield named(event, part);
  }
}

function addSummary({ file, success, counts: those }: EventData.TestSummary): void {
  if (file !== undefined) return;
  failed ||= !success;
  for (const name of counted) counts[name] += those[name];
}

/** Each test says which part it is of: its name alone does not tell. */
function named<E extends { type: string; data?: unknown }>(event: E, part: Part): E {
  const { data } = event;
  if (typeof data !== 'object' || data === null || !('name' in data)) return event;
  return { ...event, data: { ...data, name: `[${part}] ${data.name}` } };
}

async function* allEvents(chosen: readonly Part[], words: readonly string[]) {
  for (const part of chosen) {
    const files = filesOf(part, words);
    if (files.length > 0) yield* eventsOf(part, files);
  }
}

function make(script: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
}

/** Makes what the cases of these parts run. */
function makeFor(chosen: readonly Part[], words: readonly string[]): void {
  const isRun = (part: Part) => chosen.includes(part) && filesOf(part, words).length > 0;
  if (isRun('bundle')) make('build.mjs');
  const isMade = (target: Target) => isPackaged(fileOf(target));
  if (isRun('windows') && !targets.every(isMade)) make('packaging/main.ts', '--all');
  if (isRun('binary') && !isMade(targetOf(thisHost()))) make('packaging/main.ts');
}

function chosenParts(only: readonly string[]): Part[] {
  const unknown = only.find((name) => !parts.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: ${parts.join(', ')} are known`);
  return only.length === 0 ? [...usual] : parts.filter((part) => only.includes(part));
}

const { values, positionals } = parseArgs({
  options: { only: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true,
});
const chosen = chosenParts(values.only);
const begun = performance.now();
makeFor(chosen, positionals);
for await (const text of Readable.from(allEvents(chosen, positionals)).compose(new spec())) {
  process.stdout.write(text);
}
const { tests, suites, passed, cancelled, skipped, todo } = counts;
const fail = tests - passed - cancelled - skipped - todo;
console.log(`# tests ${tests}\n# suites ${suites}\n# pass ${passed}\n# fail ${fail}`);
console.log(`# cancelled ${cancelled}\n# skipped ${skipped}\n# todo ${todo}`);
console.log(`# duration_ms ${performance.now() - begun}`);
if (tests === 0) console.error('no test file matches');
process.exitCode = failed || tests === 0 ? 1 : 0;
