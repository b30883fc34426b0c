/**
 * `node bench/chart.ts RESULT.json CHART.svg` draws what the bench has kept: each figure as a bar
 * beside its reference, which is the line at 1. Made by hand, so that it needs nothing and stays
 * small; readable on light and on dark.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { type Result, readResult } from './result.ts';
import { figure, type Row } from './table.ts';

const WIDTH = 860;
const ROW = 40;
const MARGIN = 16;
const BAR = 14;
const TITLE = 44;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 }
  .faint { fill: #57606a; font-size: 12px }
  .bar { fill: #2f6feb }
  .line { stroke: #57606a; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .faint { fill: #9198a1 }
    .bar { fill: #4c8dff }
    .line { stroke: #9198a1 }
  }`;

type Compared = Row & { reference: NonNullable<Row['reference']> };

type Panel = { title: string; rows: readonly Compared[] };

/** Draws a result. */
export function writeChart(result: Result, path: string): void {
  writeFileSync(path, chart(result));
}

export function chart({ machine, rows }: Result): string {
  const compared = rows.flatMap((row) =>
    row.reference ? [{ ...row, reference: row.reference }] : [],
  );
  const isRate = ({ unit, target }: Row) => unit === '/s' && target !== null;
  const isTime = ({ unit, target }: Row) => (unit === 'ms' || unit === 's') && target !== null;
  const panels: Panel[] = [
    { title: 'Rates: longer is better', rows: compared.filter(isRate) },
    { title: 'Times: shorter is better', rows: compared.filter(isTime) },
  ].filter((panel) => panel.rows.length > 0);
  let top = MARGIN;
  const drawn = panels.map((panel) => {
    const text = drawPanel(panel, top);
    top += heightOf(panel);
    return text;
  });
  const height = top + MARGIN + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>conductor-loop beside the references of the same run</title>
<style>${STYLE}
</style>
${drawn.join('\n')}
${label(MARGIN, height - MARGIN, `${machine}; the dashed line is the reference`, 'faint')}
</svg>
`;
}

const heightOf = ({ rows }: Panel): number => TITLE + rows.length * ROW;

/** The longest bar, or the reference where all are shorter, takes the whole width. */
function drawPanel({ title, rows }: Panel, top: number): string {
  const shares = rows.map(({ value, reference }) => value / reference.value);
  const unit = (WIDTH - 2 * MARGIN) / Math.max(1, ...shares);
  const first = top + TITLE;
  const at = MARGIN + unit;
  return [
    label(MARGIN, top + 18, title, 'title'),
    ...rows.flatMap((row, index) => drawRow(row, first + index * ROW, unit)),
    `<line class="line" x1="${px(at)}" x2="${px(at)}" y1="${first - 14}" y2="${first + rows.length * ROW - 14}"/>`,
  ].join('\n');
}

function drawRow(row: Compared, top: number, unit: number): string[] {
  const { what, value, reference } = row;
  const said = `${figure(value, row.unit)}, ${reference.what}: ${figure(reference.value, row.unit)}`;
  return [
    label(MARGIN, top, what, ''),
    label(WIDTH - MARGIN, top, said, 'faint', 'end'),
    `<rect class="bar" x="${MARGIN}" y="${top + 5}" width="${px((unit * value) / reference.value)}" height="${BAR}" rx="2"/>`,
  ];
}

function label(x: number, y: number, text: string, style: string, anchor = 'start'): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" class="${style}" text-anchor="${anchor}">${escaped}</text>`;
}

const px = (value: number): string => value.toFixed(1);

if (import.meta.main) {
  const [from, to] = process.argv.slice(2);
  if (from === undefined || to === undefined) throw new Error('chart.ts RESULT.json CHART.svg');
  writeChart(readResult(from), to);
}
