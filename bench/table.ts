import { styleText } from 'node:util';

/** One measured line: ours beside a reference of the same run, and whether that is good enough. */
export type Measured = {
  what: string;
  ours: string;
  /** What the reference did, and what it is. */
  reference: string;
  target: string;
  met: boolean;
  /** The numbers behind it, for --json. */
  numbers: Record<string, number | readonly number[]>;
};

const header = ['', 'what', 'ours', 'reference', 'target', ''];

/** The table of what was measured, by the letter of its line of the bench. */
export function table(rows: readonly (Measured & { line: string })[]): string {
  const cells = rows.map(({ line, what, ours, reference, target, met }) => [
    ...[line, what, ours, reference, target],
    met ? 'met' : 'NOT MET',
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...cells].map((row) => row[column]?.length ?? 0)),
  );
  const text = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  const lines = cells.map((row, index) =>
    rows[index]?.met ? text(row) : styleText('red', text(row)),
  );
  return [styleText('bold', text(header)), ...lines].join('\n');
}

/** The middle of the numbers; of an even count the upper one of the two. Throws where there is none. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The number below which this part (0 to 1) of the numbers lies. Throws where there is none. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  if (found === undefined) throw new Error('nothing was measured');
  return found;
}

/** `1,234` */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
