import type { Result } from './result.ts';
import { columns, figure, type Row, shareText } from './table.ts';

/** What moves by more is marked: machines are never quite the same from run to run. */
const NOTABLE = 0.1;

/**
 * What moved from one result to another. A machine that was busier moves both sides of a comparison,
 * so what stands beside each figure is its share of the reference.
 */
export function moved(old: Result, now: Result): string {
  const header = ['', 'what', 'old', 'new', 'ratio', 'of the reference', ''];
  const before = new Map(old.rows.map((row) => [keyOf(row), row]));
  const lines = now.rows.map((row) => {
    const found = before.get(keyOf(row));
    const texts = [row.line, row.what, ...(found ? compared(found, row) : newly(row))];
    return { texts, red: found !== undefined && verdict(found, row) === 'WORSE' };
  });
  const notes = [
    old.machine === now.machine ? [] : [`old: ${old.machine}\nnew: ${now.machine}`],
    old.quick === now.quick ? [] : ['one of the two is --quick: most of their lines differ'],
  ].flat();
  return [...notes, columns(header, lines)].join('\n');
}

const keyOf = ({ line, what }: Row): string => `${line} ${what}`;

const newly = ({ value, unit }: Row): string[] => ['', figure(value, unit), '', '', 'new'];

function compared(old: Row, now: Row): string[] {
  const ofOld = old.reference ? shareText(old.value, old.reference.value) : '';
  const ofNow = now.reference ? shareText(now.value, now.reference.value) : '';
  return [
    figure(old.value, old.unit),
    figure(now.value, now.unit),
    shareText(now.value, old.value),
    ofOld === '' ? '' : `${ofOld} -> ${ofNow}`,
    verdict(old, now),
  ];
}

/** Of what is to be a share of a reference more is better, of everything else less. */
function verdict(old: Row, now: Row): '' | 'better' | 'WORSE' {
  const ratio = now.value / old.value;
  if (!(Math.abs(ratio - 1) > NOTABLE)) return '';
  const isMore = now.target !== null && 'share' in now.target;
  return ratio > 1 === isMore ? 'better' : 'WORSE';
}
