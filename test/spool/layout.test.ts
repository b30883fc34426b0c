import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  errorLogName,
  isJournalSegment,
  laterName,
  layoutOf,
  originalName,
  statusName,
} from '../../src/spool/layout.ts';

test('a later name bears the time to the millisecond and stays the name of an intent', () => {
  const at = new Date('2026-01-02T03:04:05.006Z');
  assert.equal(laterName('intent-a.json', at, 1), 'intent-a.json.20260102T030405006Z.json');
  assert.equal(laterName('intent-a.json', at, 2), 'intent-a.json.20260102T030405006Z-2.json');
});

test('the longest name leaves room for all that is put after it', () => {
  const longest = laterName('x'.repeat(200), new Date(), 999);
  assert.ok(`.${errorLogName(longest)}.tmp`.length <= 255);
  assert.ok(`.${statusName(longest)}.tmp`.length <= 255);
});

test('the journals of all instances are known by their names, and nothing else is', () => {
  const { journal, handoff } = layoutOf('/spool', 'pod-1.example', 'life');
  const name = journal.slice(join(handoff, '/').length);
  for (const segment of [name, `${name}.1`, `${name}.12`]) assert.ok(isJournalSegment(segment));
  for (const other of [
    '.conductor-state.json',
    '.conductor-state..journal',
    `${name}.damaged-20260102T030405006Z`,
    `${name}.1.damaged-20260102T030405006Z`,
    `${name}.tmp`,
    'intent-a.journal',
  ]) {
    assert.ok(!isJournalSegment(other), other);
  }
});

test('the original name is known from every later name, and others are left as they are', () => {
  const at = new Date('2026-01-02T03:04:05.006Z');
  for (const n of [1, 2, 12]) {
    assert.equal(originalName(laterName('intent-a.json', at, n)), 'intent-a.json');
  }
  for (const name of [
    'intent-a.json',
    'intent-a.json.1.json',
    'other.json.20260102T030405006Z.json',
  ]) {
    assert.equal(originalName(name), name);
  }
});
