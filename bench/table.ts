import { styleText } from 'node:util';

/** Of rates more is better, of everything else less. */
export type Unit = '/s' | 's' | 'ms' | 'MB' | 'bytes' | '%';

/** What a figure has to be: at least this share of the reference, or less than this. */
export type Target = { share: number } | { below: number };

/** One measured figure beside a reference of the same run. */
export type Measured = {
  what: string;
  unit: Unit;
  /** The median of the rounds. */
  value: number;
  /** What the reference is, and the median of its rounds. */
  reference: { what: string; value: number } | null;
  /** Null where a figure is only told. */
  target: Target | null;
  /** What makes the figure worth nothing, such as intents that were lost. */
  flaw?: string;
  /** All rounds, and what else is behind the figure. */
  numbers: Record<string, number | readonly number[]>;
};

/** A figure and the name of its line of the bench. */
export type Row = Measured & { line: string };

/** Whether a figure is as good as it has to be. */
export function isMet({ value, reference, target, flaw }: Measured): boolean {
  if (flaw !== undefined) return false;
  if (target === null) return true;
  if ('below' in target) return value < target.below;
  return reference !== null && value / reference.value >= target.share;
}

/** The table of what was measured, for a person. */
export function table(rows: readonly Row[]): string {
  const header = ['', 'what', 'ours', 'reference', 'of it', 'target', ''];
  const cells = rows.map((row) => [
    ...[row.line, row.what],
    `${figure(row.value, row.unit)}${row.flaw === undefined ? '' : `, ${row.flaw}`}`,
    row.reference ? `${row.reference.what}: ${figure(row.reference.value, row.unit)}` : '',
    row.reference ? shareText(row.value, row.reference.value) : '',
    targetText(row),
    isMet(row) ? '' : 'NOT MET',
  ]);
  return columns(
    header,
    cells.map((texts, index) => ({ texts, red: rows[index] !== undefined && !isMet(rows[index]) })),
  );
}

/** Lines of texts, one below the other in columns. */
export function columns(
  header: readonly string[],
  lines: readonly { texts: readonly string[]; red: boolean }[],
): string {
  const all = [header, ...lines.map(({ texts }) => texts)];
  const widths = header.map((_, column) =>
    Math.max(...all.map((texts) => texts[column]?.length ?? 0)),
  );
  const text = (texts: readonly string[]) =>
    texts.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  const body = lines.map(({ texts, red }) => (red ? styleText('red', text(texts)) : text(texts)));
  return [styleText('bold', text(header)), ...body].join('\n');
}

function targetText({ target, unit }: Measured): string {
  if (target === null) return '';
  return 'below' in target ? `< ${figure(target.below, unit)}` : `>= ${target.share} of it`;
}

export const shareText = (value: number, of: number): string =>
  of > 0 ? (value / of).toFixed(2) : '';

/** `1,234/s`, `3.6 ms`, `0.07 %`: three digits are enough for a person. */
export function figure(value: number, unit: Unit): string {
  const digits = Math.max(0, Math.min(2, 2 - Math.floor(Math.log10(Math.max(value, 0.01)))));
  const text = value.toLocaleString('en-US', {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  });
  return unit === '/s' ? `${text}/s` : `${text} ${unit}`;
}

/** The middle of the numbers; of an even count the upper one of the two. Throws where there is none. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The number below which this part (0 to 1) of the numbers lies. Throws where there is none. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  if (found === undefined) throw new Error('nothing was measured');
  return found;
}

/** `1,234` */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
