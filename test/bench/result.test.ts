import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { moved } from '../../bench/against.ts';
import { chart } from '../../bench/chart.ts';
import { type Result, readResult, resultOf, updated, writeResult } from '../../bench/result.ts';
import { figure, isMet, type Row } from '../../bench/table.ts';
import { put, tempDir } from '../spool/support.ts';

const rate: Row = {
  line: 'a',
  what: 'a backlog',
  unit: '/s',
  value: 900,
  reference: { what: 'xargs <of the same>', value: 1000 },
  target: { share: 0.9 },
  numbers: { ours: [890, 900, 910], share: 0.9 },
};
const time: Row = {
  line: 'd',
  what: 'drop to start',
  unit: 'ms',
  value: 4,
  reference: { what: 'bare', value: 8 },
  target: { below: 5 },
  numbers: {},
};
const told: Row = { ...time, what: 'told', unit: '/s', target: null, reference: null };

const of = (...rows: Row[]): Result => resultOf(rows, true);

/** The lines of what moved, without colours, by what they are about. */
function linesOf(old: Result, now: Result): string[] {
  return stripVTControlCharacters(moved(old, now)).split('\n').slice(1);
}

test('a figure is met by its target, and never where it has a flaw', () => {
  assert.equal(isMet(rate), true);
  assert.equal(isMet({ ...rate, value: 899 }), false);
  assert.equal(isMet({ ...rate, reference: null }), false);
  assert.equal(isMet(time), true);
  assert.equal(isMet({ ...time, value: 5 }), false);
  assert.equal(isMet({ ...time, flaw: '1 lost' }), false);
  assert.equal(isMet(told), true);
});

test('three digits are enough for a person, but no digit before the point is lost', () => {
  const figures = [1234.5, 123.4, 12.34, 1.234, 0.0712].map((value) => figure(value, 'ms'));
  assert.deepEqual(figures, ['1,235 ms', '123 ms', '12.3 ms', '1.23 ms', '0.07 ms']);
});

test('what moved by more than a tenth is marked, and whether for the better', () => {
  const slower = { ...rate, value: 700, reference: { ...rate.reference, what: 'x', value: 1000 } };
  const [first, second, third] = linesOf(of(rate, time), of(slower, { ...time, value: 3 }, told));
  assert.match(first ?? '', /^a +a backlog +900\/s +700\/s +0\.78 +0\.90 -> 0\.70 +WORSE/);
  assert.match(second ?? '', /4\.00 ms +3\.00 ms +0\.75 +0\.50 -> 0\.38 +better/);
  assert.match(third ?? '', /new *$/);
  assert.doesNotMatch(linesOf(of(rate), of({ ...rate, value: 985 })).join(), /better|WORSE/);
});

test('a result is read as it was written, and what is none is refused', (t) => {
  const directory = tempDir(t);
  const path = join(directory, 'result.json');
  const result = of(rate, time, told);
  writeResult(path, result);
  assert.deepEqual(readResult(path), result);
  const other = put(directory, 'other.json', '{"rows":[{}]}');
  assert.throws(() => readResult(other), /other\.json: /);
});

test('the chart has a bar for each rate and time, as long as its share of the reference', () => {
  const svg = chart(of(rate, time, told));
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  assert.deepEqual(widths, [745.2, 414]);
  assert.match(svg, /xargs &lt;of the same>: 1,000\/s/);
  assert.match(svg, /prefers-color-scheme: dark/);
  assert.doesNotMatch(svg, /told/);
});

test('lines that are measured anew take the place of theirs, all of them', () => {
  const kept = of(rate, { ...rate, what: 'of old' }, time, { ...told, line: 'f' });
  const now = of({ ...told, line: 'e' }, { ...rate, value: 950 });
  const { rows } = updated(kept, now);
  assert.deepEqual(
    rows.map(({ line, what, value }) => [line, what, value]),
    [
      ['a', 'a backlog', 950],
      ['d', 'drop to start', 4],
      ['e', 'told', 4],
      ['f', 'told', 4],
    ],
  );
  assert.throws(() => updated({ ...kept, machine: 'another' }, now), /another; a full run/);
  assert.throws(() => updated({ ...kept, quick: false }, now), /a full run/);
});
