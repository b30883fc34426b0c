import { cleanControl } from '../telemetry/scrub.ts';
import { errorCodes } from './codes.ts';
import type { Refusal } from './types.ts';

/** The refusal that stands for all of them: the first, which says how many more there are. */
export function summarise(first: Refusal, count: number): Refusal {
  return count <= 1 ? first : { ...first, message: `${first.message} (and ${count - 1} more)` };
}

/** Where a refusal points: `$.replicas, line 5, column 15`; empty where it is about the whole file. */
export function placeOf({ path, line, column }: Refusal): string {
  const parts = path === undefined ? [] : [path];
  if (line !== undefined) parts.push(`line ${line}`);
  if (column !== undefined) parts.push(`column ${column}`);
  return parts.join(', ');
}

/**
 * The text of an error log: the file, the code with its title, what is wrong, where, and how to mend
 * it, one a line, with a newline at the end. `fileName` may be any text; it is made safe to show.
 */
export function describeRefusal(refusal: Refusal, fileName: string): string {
  const place = placeOf(refusal);
  const lines = [
    `file:  ${cleanControl(fileName).replace(/[\n\t]/g, ' ')}`,
    `error: ${refusal.code} ${errorCodes[refusal.code]}`,
    `rule:  ${refusal.message}`,
    ...(place === '' ? [] : [`place: ${place}`]),
    `mend:  ${refusal.mend}`,
  ];
  return `${lines.join('\n')}\n`;
}
