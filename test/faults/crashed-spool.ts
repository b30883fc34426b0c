import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { checksum, encodeRecord } from '../../src/state/records.ts';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';

export const SNAPSHOT = '.conductor-state.json';
export const JOURNAL = '.conductor-state.here.journal';

/** What Node compiled once serves all the starts. */
const NODE_COMPILE_CACHE = mkdtempSync(join(tmpdir(), 'conductor-cache-'));
process.on('exit', () => rmSync(NODE_COMPILE_CACHE, { recursive: true, force: true }));

const surroundings = { POD_NAME: 'here', NODE_COMPILE_CACHE };

const killAt = fileURLToPath(new URL('../tools/kill-at.ts', import.meta.url));

/** What each intent of the spool has lived to see when the program is killed. */
const contents = {
  /** Filed by a first life, which left a snapshot. */
  'intent-old.json': intentFor('', { target: 'old' }),
  'intent-old-bad.json': intentFor('exit=1', { target: 'old-bad' }),
  /** Filed by the second life, which left a journal. */
  'intent-new.json': intentFor('', { target: 'new' }),
  'intent-new-bad.json': intentFor('exit=1', { target: 'new-bad' }),
  /** On record, its status written, but not moved. */
  'intent-recorded.json': intentFor('', { target: 'recorded' }),
  /** Claimed, and porch at work. */
  'intent-running.json': intentFor('wait-for=go', { target: 'running' }),
  /** Still in handoff, behind the one that runs. */
  'intent-waiting.json': intentFor('', { target: 'running', priority: 1 }),
};

type Name = keyof typeof contents;

/** These have an outcome on record. */
const concluded: readonly Name[] = [
  ...(['intent-old.json', 'intent-old-bad.json', 'intent-new.json'] as const),
  ...(['intent-new-bad.json', 'intent-recorded.json'] as const),
];

const digest = (content: string | Buffer): string => hash('sha256', content);

/** A spool whose program was killed in the midst of everything. */
export async function makeCrashedSpool(options: { unprivileged?: boolean } = {}): Promise<Spool> {
  const spool = new Spool(options);
  const drop = (name: Name) => spool.drop(name, contents[name]);
  for (const name of ['intent-old.json', 'intent-old-bad.json'] as const) drop(name);
  assert.equal((await spool.once([], { env: surroundings })).exitCode, 8);
  // The status of the third that ends is the last thing that this life does.
  const doomed = { env: { ...surroundings, KILL_AT: 'status:3' }, preload: killAt };
  const program = await spool.watch(['-max-workers', '2'], doomed);
  drop('intent-running.json');
  await spool.begun('intent-running.json');
  drop('intent-waiting.json');
  drop('intent-new.json');
  await spool.filed('intent-new.json');
  drop('intent-new-bad.json');
  await spool.filed('intent-new-bad.json', 'failed');
  drop('intent-recorded.json');
  assert.equal(await program.exitCode(), 137, program.stderr);
  assert.deepEqual(spool.claimed.sort(), ['intent-recorded.json', 'intent-running.json']);
  assert.ok(spool.list().includes('intent-waiting.json'));
  return spool;
}

/** A copy of such a spool, in which porch need not wait any more. */
export function copyOf(original: Spool, options: { unprivileged?: boolean } = {}): Spool {
  const copy = new Spool(options);
  for (const name of ['handoff', 'out']) {
    rmSync(copy.path(name), { recursive: true });
    // Times to the nanosecond and owners are part of what is copied.
    const { status, stderr } = spawnSync('cp', ['-a', original.path(name), copy.path(name)]);
    assert.equal(status, 0, String(stderr));
  }
  copy.release('go');
  return copy;
}

/** Which names have an outcome in these bytes that is as it was written. */
export function recordedIn(bytes: Buffer): Set<string> {
  const names = bytes.toString().matchAll(/"t":"outcome".*?"name":"([^"]*)"/g);
  return new Set(Array.from(names, ([, name = '']) => name));
}

/** The journal's lines; the first can be given another number or version. */
export function journalLines(spool: Spool, header: Record<string, unknown> = {}): string[] {
  const [first = '', ...rest] = spool.read(JOURNAL).split(/(?<=\n)/);
  return [encodeRecord({ ...JSON.parse(first.slice(9)), ...header }), ...rest];
}

/** The first line of a snapshot as a later version would write it. */
export function laterHead(line: string): string {
  const fields = line.replace(/,"checksum".*/, '').replace('"version":1', '"version":2');
  return `${fields},"checksum":"${checksum(`${fields}}`)}","unfinished":[`;
}

export type Expected = {
  /** What a line of the log says of the damage (E009); null where there is none to be seen. */
  damage: RegExp | null;
  /** Outcomes that nothing tells any more: these intents may run once more. */
  unknown?: ReadonlySet<string>;
};

/** Starts the program with --once. */
export function start(spool: Spool): Program {
  return spool.start(['--once'], { env: surroundings });
}

/**
 * One start on damaged state, with what succeeded dropped again: everything is filed, nothing is lost,
 * nothing that is still known runs again, and the log says what there is to say.
 */
export async function assertSurvives(spool: Spool, expected: Expected): Promise<Program> {
  const { damage, unknown = new Set() } = expected;
  const again = ['intent-old.json', 'intent-new.json'] as const;
  for (const name of again) spool.drop(name, contents[name]);
  const program = start(spool);
  assert.equal(await program.exitCode(), 0, program.stderr);
  const said = program.log.filter((line) => line.error_code === 'E009');
  assert.equal(said.length, damage === null ? 0 : 1, program.stderr);
  if (damage !== null) assert.match(said[0]?.message ?? '', damage);

  const dropped = [...Object.values(contents), ...again.map((name) => contents[name])];
  assert.deepEqual(intentsIn(spool), dropped.map(digest).sort(), program.stderr);
  assert.deepEqual(spool.list('.inflight/here'), []);
  assert.deepEqual(
    spool.list().filter((name) => name.startsWith('intent-')),
    [],
  );
  for (const name of concluded) {
    const most = unknown.has(name) ? 2 : 1;
    assert.ok(spool.runs(name) <= most, `${name} ran ${spool.runs(name)} times\n${program.stderr}`);
  }
  assert.ok(spool.runs('intent-running.json') === 2 && spool.runs('intent-waiting.json') === 1);
  assert.equal(JSON.parse(spool.read(SNAPSHOT)).format, 'conductor-loop state');
  const journals = spool.list().filter((name) => /\.journal(\.[\d-]+)?$/.test(name));
  assert.deepEqual(journals, []);
  return program;
}

/** What the log says of a damaged state file; a journal may have been sealed before. */
export function damageOf(name: string, says = 'is damaged: '): RegExp {
  return new RegExp(`^${name.replaceAll('.', '\\.')}(\\.\\d+-\\d+)? ${says}`);
}

/** What was set aside, by its name: a copy of what stood there, or the thing itself. */
export function asideOf(spool: Spool, name: string): string {
  const found = spool
    .list()
    .filter((one) => one.startsWith(`${name}.`) && one.includes('.damaged-'));
  assert.equal(found.length, 1, `${spool.list()}`);
  assert.match(found[0] ?? '', /\.damaged-\d{8}T\d{9}Z$/);
  return join(spool.handoff, found[0] ?? '');
}

/** The digests of all intents, wherever they lie in the spool. */
export function intentsIn(spool: Spool): string[] {
  const directories = ['', 'processed', 'failed', '.inflight', '.inflight/here'];
  return directories
    .map((name) => join(spool.handoff, name))
    .filter((path) => existsSync(`${path}/.`))
    .flatMap((directory) => readdirSync(directory, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && /^intent-.*\.json$/.test(entry.name))
    .map((entry) => digest(readFileSync(join(entry.parentPath, entry.name))))
    .sort();
}
