import assert from 'node:assert/strict';
import type { Key } from 'node:readline';
import { test } from 'node:test';
import { TopView } from '../../src/cli/top-view.ts';

const look = { width: 80, colour: false };
const ROWS = 6;
const page = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);

function view(): TopView {
  const made = new TopView();
  made.show(page);
  return made;
}

const key = (name: string, more: Partial<Key> = {}): Key => ({ sequence: name, name, ...more });
const top = (made: TopView) => made.frame(ROWS, '2s', look)[0];

test('it draws as many lines as the terminal has, the keys last', () => {
  const frame = view().frame(ROWS, '2s', look);
  assert.equal(frame.length, ROWS);
  assert.equal(frame[0], 'line 1');
  assert.match(frame.at(-1) ?? '', /^q quit .* every 2s {2}1-5 of 12$/);
  const small = new TopView();
  small.show(['one']);
  assert.equal(small.frame(ROWS, '2s', look).length, ROWS);
  assert.ok(!small.frame(ROWS, '2s', look).at(-1)?.includes(' of '));
});

test('keys scroll, never beyond the ends', () => {
  const made = view();
  for (const [name, first] of [
    ['up', 'line 1'],
    ['j', 'line 2'],
    ['down', 'line 3'],
    ['k', 'line 2'],
    ['pagedown', 'line 6'],
    ['pagedown', 'line 8'],
    ['j', 'line 8'],
    ['pageup', 'line 4'],
    ['end', 'line 8'],
    ['home', 'line 1'],
  ] as const) {
    assert.equal(made.press(key(name), ROWS), 'scroll');
    assert.equal(top(made), first, name);
  }
  made.press(key('g', { shift: true }), ROWS);
  assert.equal(top(made), 'line 8');
  // The terminal grew, or the page became shorter.
  made.show(page.slice(0, 3));
  assert.equal(top(made), 'line 1');
});

test('keys quit, refresh and pause; others do nothing', () => {
  const made = view();
  assert.equal(made.press(key('q'), ROWS), 'quit');
  assert.equal(made.press(key('c', { ctrl: true }), ROWS), 'quit');
  assert.equal(made.press(key('r'), ROWS), 'refresh');
  assert.equal(made.press(key('p'), ROWS), 'pause');
  assert.ok(made.paused);
  assert.match(made.frame(ROWS, '2s', look).at(-1) ?? '', /PAUSED/);
  assert.equal(made.press(key('p'), ROWS), 'pause');
  assert.ok(!made.paused);
  for (const other of [key('c'), key('x'), key('j', { ctrl: true })]) {
    assert.equal(made.press(other, ROWS), null);
  }
});
