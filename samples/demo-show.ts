/** How the demo looks. Colours only on a terminal, and not where NO_COLOR forbids them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { styleText } from 'node:util';
import { errorCodes } from '../src/intent/codes.ts';

/** What became of an intent: `result` is its status, or the code of its error. */
export type Outcome = { result: string; refused: boolean };
export type Row = Outcome & { name: string; target: string };

type Style = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

// styleText leaves the text alone where standard output shows no colours.
const paint = (style: Style, text: string) => styleText(style, text);

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function heading(text: string): void {
  say();
  say(paint('bold', text));
}

export function command(text: string): void {
  say(`  ${paint('dim', '$')} ${paint('cyan', text)}`);
}

export function note(lines: readonly string[]): void {
  say();
  for (const line of lines) say(`  ${paint('dim', line)}`);
}

export function table(rows: readonly Row[]): void {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const targetWidth = Math.max(...rows.map(({ target }) => target.length));
  say();
  for (const { name, target, ...outcome } of rows) {
    say(`  ${name.padEnd(nameWidth)}  ${target.padEnd(targetWidth)}  ${resultText(outcome)}`);
  }
}

function resultText({ result, refused }: Outcome): string {
  if (result === 'success') return paint('green', '✔ package written');
  if (result === 'skipped') return paint('yellow', '↷ skipped, done before');
  const titles: Readonly<Record<string, string>> = errorCodes;
  return paint('red', `✘ ${refused ? 'refused ' : ''}${result} ${titles[result] ?? ''}`.trimEnd());
}

/** Draws the directories under `root`; of packages and reports only how many files there are. */
export function tree(root: string): void {
  say(`  ${paint('bold', root)}`);
  branch(root, '  ');
}

function branch(directory: string, indent: string): void {
  const entries = readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const [index, entry] of entries.entries()) {
    const last = index === entries.length - 1;
    const line = paint('dim', `${indent}${last ? '└── ' : '├── '}`);
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) {
      say(line + entry.name);
    } else if (isPackage(path) || entry.name === 'status') {
      const what = `${readdirSync(path).length} files`;
      say(`${line}${paint('bold', `${entry.name}/`)}  ${paint('dim', what)}`);
    } else {
      say(`${line}${paint('bold', `${entry.name}/`)}`);
      branch(path, `${indent}${last ? '    ' : '│   '}`);
    }
  }
}

function isPackage(path: string): boolean {
  return readdirSync(path).includes('Kptfile');
}

/** Shows the content of a small text file. */
export function file(name: string, text: string): void {
  say();
  say(`  ${paint('bold', name)}`);
  for (const line of text.trimEnd().split('\n')) say(`  ${paint('dim', '│')} ${line}`);
}

export function whatNext(place: string): void {
  heading('Try it yourself: start a watcher (Ctrl-C stops it)');
  command(`D=${place}`);
  command('npm start -- -porch builtin -handoff "$D/handoff" -out "$D/out"');
  heading('and, in another terminal, drop a file of your own');
  command(`D=${place}`);
  command('cp samples/intent-deploy-upf.json "$D/handoff/intent-mine.json"');
  command('cat "$D/handoff/status/intent-mine.json.status"');
  note(['rm -r "$D" removes all of it.']);
}

/** The last words: all as expected, or what was not. */
export function verdict(differences: readonly string[]): void {
  say();
  if (differences.length === 0) {
    say(
      `  ${paint('green', '✔')} Everything went as it should, the refused and the failed included.`,
    );
  }
  for (const difference of differences) say(`  ${paint('red', '✘')} ${difference}`);
}
