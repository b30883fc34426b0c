import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { Spool } from './spool.ts';

const snapshot = '.conductor-state.json';
const journals = (spool: Spool) => spool.list().filter((name) => name.endsWith('.journal'));

test('a clean stop leaves one valid snapshot and no journal', async () => {
  await using spool = new Spool();
  const program = await spool.watch();
  for (const target of ['a', 'b']) {
    spool.drop(`intent-${target}.json`, intentFor('', { target }));
    await spool.filed(`intent-${target}.json`);
  }
  assert.equal(journals(spool).length, 1);
  assert.equal(await program.stop(), 0);
  assert.deepEqual(journals(spool), []);
  const state = JSON.parse(spool.read(snapshot));
  assert.equal(state.count, 2);
  assert.deepEqual(state.entries.map((entry: string[]) => entry[0]).sort(), [
    'intent-a.json',
    'intent-b.json',
  ]);
});

test("the Go program's state file is taken over and kept", async () => {
  await using spool = new Spool();
  const [known, failed] = [intentFor(''), intentFor('', { target: 'other' })];
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  const state = (name: string, text: string, status: string) => ({
    file_path: `/old/place/handoff/${name}`,
    sha256: sha(text),
    size: text.length,
    processed_at: '2025-08-16T12:00:00.123456789+02:00',
    status,
  });
  const text = JSON.stringify({
    version: '1.0',
    saved_at: '2025-08-16T12:00:01Z',
    states: {
      '/old/place/handoff/intent-known.json': state('intent-known.json', known, 'processed'),
      '/old/place/handoff/intent-failed.json': state('intent-failed.json', failed, 'failed'),
    },
  });
  writeFileSync(join(spool.handoff, snapshot), text);
  spool.drop('intent-known.json', known);
  spool.drop('intent-failed.json', failed);
  const { program, exitCode } = await spool.once();
  assert.equal(exitCode, 0);
  assert.equal(program.logged(/took over 1 successes/).length, 1);
  assert.equal(spool.status('intent-known.json')?.status, 'skipped');
  assert.equal(spool.status('intent-failed.json')?.status, 'success');
  assert.equal(spool.read(`${snapshot}.go-backup`), text);
  assert.equal(JSON.parse(spool.read(snapshot)).format, 'conductor-loop state');
});

test('a journal whose last line is torn is read up to there', async () => {
  await using spool = new Spool();
  const content = intentFor('');
  const program = await spool.watch();
  spool.drop('intent-a.json', content);
  await spool.filed('intent-a.json');
  assert.equal(await program.stop('SIGKILL'), 137);
  const [journal = ''] = journals(spool);
  appendFileSync(join(spool.handoff, journal), '0badcafe {"t":"outcome","name":"intent-b');
  spool.drop('intent-a.json', content);
  const second = await spool.once();
  assert.equal(second.exitCode, 0);
  assert.equal(spool.status('intent-a.json')?.status, 'skipped');
  assert.deepEqual(
    second.program.log.filter((line) => line.error_code === 'E009'),
    [],
  );
});

test('a snapshot with a damaged line is set aside, reported, and what is sound of it counts', async () => {
  await using spool = new Spool();
  const contents = ['a', 'b'].map((target) => intentFor('', { target }));
  const dropAll = () => {
    for (const [n, content] of contents.entries()) spool.drop(`intent-${n}.json`, content);
  };
  dropAll();
  await spool.once();
  const path = join(spool.handoff, snapshot);
  const damaged = readFileSync(path, 'utf8').replace('["intent-1.json"', '["intent-X.json"');
  writeFileSync(path, damaged);
  // Else its status file would tell what the damaged line said.
  rmSync(join(spool.handoff, 'status', 'intent-1.json.status'));
  dropAll();
  const { program, exitCode } = await spool.once();
  assert.equal(exitCode, 0);
  assert.equal(program.log.filter((line) => line.error_code === 'E009').length, 1);
  assert.equal(spool.status('intent-0.json')?.status, 'skipped');
  assert.equal(spool.status('intent-1.json')?.status, 'success');
  const aside = spool.list().find((name) => name.startsWith(`${snapshot}.damaged-`)) ?? '';
  assert.equal(spool.read(aside), damaged);
  assert.equal(JSON.parse(spool.read(snapshot)).count, 2);
});

test('what was filed long ago is removed, counted from when it was filed', async () => {
  await using spool = new Spool();
  const yearAgo = Date.now() - 365 * 86_400_000;
  spool.drop('intent-good.json', intentFor(''), { mtimeMs: yearAgo });
  spool.drop('intent-bad.json', intentFor('exit=1', { target: 'other' }), { mtimeMs: yearAgo });
  const program = await spool.watch(['-cleanup-after', '1h', '-failed-cleanup-after', '2h']);
  await spool.filed('intent-good.json');
  await spool.filed('intent-bad.json', 'failed');
  assert.equal(await program.stop(), 0);
  writeFileSync(join(spool.handoff, 'processed', 'notes.txt'), 'not ours');
  await spool.watch(['-cleanup-after', '1s', '-failed-cleanup-after', '1s']);
  const gone = () => spool.list('failed').length + spool.list('status').length === 0;
  await spool.until(() => gone() && spool.list('processed').length === 1, 'the old files to go');
  assert.deepEqual(spool.list('processed'), ['notes.txt']);
});
