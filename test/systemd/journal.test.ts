import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isJournal, withPriority } from '../../src/systemd/journal.ts';
import { tempDir } from '../spool/support.ts';

test('a stream is the journal where device and inode say so', (t) => {
  const fd = openSync(join(tempDir(t), 'stream'), 'w');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  assert.ok(isJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}` }));
  for (const JOURNAL_STREAM of [`${dev}:${ino + 1n}`, `${dev}`, '', 'x', undefined]) {
    assert.ok(!isJournal(fd, { JOURNAL_STREAM }));
  }
  closeSync(fd);
  assert.ok(!isJournal(fd, { JOURNAL_STREAM: `${dev}:${ino}` }));
});

test('each line gets the priority of its level', () => {
  const marks = ['debug', 'info', 'warn', 'error', 'fatal'].map((level) =>
    withPriority('x\n', level),
  );
  assert.deepEqual(marks, ['<7>x\n', '<6>x\n', '<4>x\n', '<3>x\n', '<2>x\n']);
  assert.equal(withPriority('a\n  b\n', 'warn'), '<4>a\n<4>  b\n');
});
