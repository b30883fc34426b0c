/**
 * `npm run demo`: conductor-loop works off the intents of this directory in a temporary one, and
 * what came of it is shown. Exit code 0 where that is what the samples are made for, else 1.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import * as show from './demo-show.ts';

const samples = import.meta.dirname;
const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** What each sample is made for: the status that it ends with, or the code that refuses it. */
const expected: Readonly<Record<string, string>> = {
  'intent-configure-smf.json': 'success',
  'intent-deploy-upf.json': 'success',
  'intent-fails-in-porch.json': 'E013',
  'intent-order-001.json': 'success',
  'intent-order-002.json': 'success',
  'intent-order-003.json': 'success',
  'intent-refused-namespace.json': 'E004',
  'intent-refused-replicas.json': 'E003',
  'intent-scale-up-001.json': 'success',
};

/** Its three intents change the same target: the last one dropped must have the last word. */
const ordered = { package: 'oran-sim/du-simulator', last: 'replicas: 6' };
const droppedAgain = 'intent-scale-up-001.json';

/** Exit code of `--once` where an intent failed or was refused. */
const someFailed = 8;

const intentFile = z.object({ namespace: z.string(), target: z.string() });
const statusFile = z.object({
  status: z.string(),
  attempts: z.number(),
  error_details: z.object({ error_code: z.string() }).optional(),
});

const place = mkdtempSync(join(tmpdir(), 'conductor-loop-demo-'));
const handoff = join(place, 'handoff');
const out = join(place, 'out');
const differences: string[] = [];

function check(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) differences.push(`${what}: expected ${wanted}, found ${found}`);
}

/** Runs the program as a user would, and gives its milliseconds. */
function workOff(wantedExit: number): number {
  const begun = performance.now();
  const run = spawnProgram();
  const ms = performance.now() - begun;
  check('exit code of --once', run.status ?? run.signal, wantedExit);
  if (run.status !== wantedExit) differences.push(run.stderr.trimEnd());
  return ms;
}

function spawnProgram(): SpawnSyncReturns<string> {
  // The settings of whoever tries the demo are not the demo's.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CONDUCTOR_|POD_NAME$)/.test(name)),
  );
  const args = [program, '--once', '-porch', 'builtin', '-handoff', handoff, '-out', out];
  return spawnSync(process.execPath, args, { cwd: place, env, encoding: 'utf8' });
}

function readText(...path: string[]): string {
  try {
    return readFileSync(join(...path), 'utf8');
  } catch (error) {
    differences.push(error instanceof Error ? error.message : String(error));
    return '';
  }
}

/** The latest outcome of a name. */
function outcomeOf(name: string): show.Outcome {
  const text = readText(handoff, 'status', `${name}.status`);
  if (text === '') return { result: 'missing', refused: false };
  const { status, attempts, error_details } = statusFile.parse(JSON.parse(text));
  return {
    result: error_details?.error_code ?? status,
    refused: error_details !== undefined && attempts === 0,
  };
}

function rowOf(name: string): show.Row {
  const { namespace, target } = intentFile.parse(JSON.parse(readText(samples, name)));
  const outcome = outcomeOf(name);
  check(name, outcome.result, expected[name] ?? 'a line in samples/demo.ts');
  return { name, target: `${namespace}/${target}`, ...outcome };
}

function firstRun(): void {
  const names = globSync('intent-*.json', { cwd: samples }).sort();
  show.heading(`${names.length} intents are dropped into handoff/ and worked off`);
  show.command('conductor-loop --once -porch builtin');
  mkdirSync(handoff);
  for (const name of names) copyFileSync(join(samples, name), join(handoff, name));
  const ms = workOff(someFailed);
  show.table(names.map(rowOf));
  const patch = readText(out, ordered.package, 'scaling-patch.yaml');
  check(`${ordered.package} after three intents`, patch.includes(ordered.last), true);
  const seconds = (ms / 1000).toFixed(1);
  show.note([
    `${seconds} s, half a second of it for the files to settle; exit code ${someFailed}: some failed.`,
    'order-001 to 003 share a target: they ran one by one, as they were dropped.',
  ]);
}

function secondRun(): void {
  show.heading('One that succeeded is dropped again, unchanged');
  show.command(`cp samples/${droppedAgain} handoff/`);
  copyFileSync(join(samples, droppedAgain), join(handoff, droppedAgain));
  workOff(0);
  const outcome = outcomeOf(droppedAgain);
  check(`${droppedAgain} dropped again`, outcome.result, 'skipped');
  const { namespace, target } = intentFile.parse(JSON.parse(readText(samples, droppedAgain)));
  show.table([{ name: droppedAgain, target: `${namespace}/${target}`, ...outcome }]);
}

firstRun();
secondRun();
show.heading('What lies there now');
show.tree(place);
const patch = join(ordered.package, 'scaling-patch.yaml');
show.file(`out/${patch}`, readText(out, patch));
const log = 'failed/intent-refused-replicas.json.error.log';
show.file(`handoff/${log}`, readText(handoff, log));
show.whatNext(place);
show.verdict(differences);
process.exitCode = differences.length === 0 ? 0 : 1;
