import { styleText } from 'node:util';
import { errorCodes } from '../intent/codes.ts';
import { type ReadResult, readIntent } from '../intent/read.ts';
import { placeOf } from '../intent/refusal.ts';
import type { CheckLimits, Refusal } from '../intent/types.ts';
import { cleanControl } from '../telemetry/scrub.ts';

const exitAccepted = 0;
const exitRefused = 8;
/** Longer paths push their verdict to the right rather than everyone's. */
const widestPath = 60;

type Style = 'green' | 'red' | 'dim' | 'bold';
type Paint = (style: Style, text: string) => string;

/**
 * The `validate` command: says of each file that it is ok, or everything that is wrong with it, where
 * and how to mend it. `write` gets one line at a time without its newline. Returns the exit code: 0, or
 * 8 where a file was refused, is not there or cannot be read.
 */
export function validateFiles(
  paths: readonly string[],
  limits: CheckLimits,
  write: (line: string) => void,
  colour: boolean,
): number {
  const paint: Paint = (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const names = paths.map((path) => cleanControl(path).replace(/[\n\t]/g, ' '));
  const width = Math.min(widestPath, Math.max(0, ...names.map((name) => name.length)));
  let bad = 0;
  for (const [index, path] of paths.entries()) {
    const result = readIntent(path, limits);
    if (result.kind !== 'accepted') bad++;
    const name = (names[index] ?? path).padEnd(width);
    for (const line of report(name, result, paint)) write(line);
  }
  if (paths.length > 1) {
    write('');
    write(`${paths.length - bad} ok, ${bad} refused`);
  }
  return bad === 0 ? exitAccepted : exitRefused;
}

function report(name: string, result: ReadResult, paint: Paint): string[] {
  if (result.kind === 'accepted') return [`${name}  ${paint('green', 'ok')}`];
  const verdict = paint('red', 'refused');
  if (result.kind === 'gone') return [`${name}  ${verdict}  there is no such file`];
  if (result.kind === 'unavailable') return [`${name}  ${verdict}  ${result.message}`];
  const lines = result.refusals.flatMap((refusal) => describe(refusal, paint));
  const left = result.count - result.refusals.length;
  if (left > 0) lines.push(`  and ${left} more`);
  return [`${name}  ${verdict}`, ...lines];
}

function describe(refusal: Refusal, paint: Paint): string[] {
  const place = placeOf(refusal);
  const title = paint('bold', `${refusal.code} ${errorCodes[refusal.code]}`);
  return [
    `  ${title}${place === '' ? '' : `  ${place}`}`,
    `    ${refusal.message}`,
    `    ${paint('dim', `mend: ${refusal.mend}`)}`,
  ];
}
