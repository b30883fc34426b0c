import assert from 'node:assert/strict';
import { chmodSync, rmSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { type FailedFile, failedFiles, findFailed } from '../../src/inspect/failed.ts';
import type { Layout } from '../../src/spool/layout.ts';
import { errorLogName, laterName, statusName } from '../../src/spool/layout.ts';
import { makeSpool, put } from '../spool/support.ts';
import { until } from '../tools/until.ts';

const name = 'intent-a.json';
const later = laterName(name, new Date('2026-01-02T03:04:05.006Z'), 1);

/** A status as far as it matters here. */
function putStatus(layout: Layout, of: string, movedTo: string, code = 'E013'): void {
  const details = { error_message: '', porch_exit_code: 7, porch_stdout: '', porch_stderr: '' };
  const status = {
    intent_file: of,
    status: movedTo.startsWith('failed/') ? 'failed' : 'success',
    message: '',
    timestamp: '2026-01-02T03:04:05.006Z',
    porch_path: 'porch',
    processing_duration: '1s',
    sha256: '',
    attempts: 1,
    instance: 'one',
    moved_to: movedTo,
    error_details: { error_code: code, ...details },
  };
  put(layout.status, statusName(of), JSON.stringify(status));
}

async function all(layout: Layout): Promise<FailedFile[]> {
  const found: FailedFile[] = [];
  for await (const file of failedFiles(layout)) found.push(file);
  return found;
}

test('each file is told with its intent, its code, and whether it is the latest of its name', async (t) => {
  const layout = makeSpool(t);
  put(layout.failed, name);
  put(layout.failed, errorLogName(name), `file:  ${name}\nerror: E007 porch timeout\n`);
  put(layout.failed, later);
  put(layout.failed, 'other.json');
  putStatus(layout, name, `failed/${later}`);
  const found = (await all(layout)).sort((a, b) => a.file.length - b.file.length);
  assert.deepEqual(found, [
    {
      file: name,
      name,
      code: 'E007',
      objection: `${name} came to another end since: failed/${later}`,
    },
    { file: later, name, code: 'E013', objection: null },
  ]);
});

test('an intent that was dropped under such a name keeps it', async (t) => {
  const layout = makeSpool(t);
  put(layout.failed, later);
  putStatus(layout, later, `failed/${later}`);
  assert.deepEqual(await all(layout), [
    { file: later, name: later, code: 'E013', objection: null },
  ]);
});

test('a name means its latest failure, else the file of that name', (t) => {
  const layout = makeSpool(t);
  put(layout.failed, name);
  put(layout.failed, later);
  putStatus(layout, name, `failed/${later}`);
  assert.equal(findFailed(layout, name)?.file, later);
  assert.equal(findFailed(layout, later)?.name, name);
  putStatus(layout, name, `processed/${name}`);
  assert.equal(findFailed(layout, name)?.file, name);
  assert.equal(findFailed(layout, name)?.objection, null);
  rmSync(layout.failed, { recursive: true });
  assert.equal(findFailed(layout, name), null);
});

test('what comes to failed/ while it is read is left out', async (t) => {
  const layout = makeSpool(t);
  const path = put(layout.failed, name);
  // As after a move, the directory is stamped no earlier than the file.
  chmodSync(layout.failed, 0o755);
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  assert.equal((await all(layout)).length, 1);
  // Files are stamped by a clock that ticks slowly.
  const before = statSync(layout.failed).ctimeMs;
  await until(() => {
    chmodSync(path, 0o600);
    return statSync(path).ctimeMs > before;
  });
  assert.equal((await all(layout)).length, 0);
});
