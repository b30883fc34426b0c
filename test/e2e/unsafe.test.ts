import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { intentFor } from '../tools/porch.ts';
import { underTest } from './harness.ts';
import { Spool } from './spool.ts';

/** The file was filed in failed/ with this code and an error log, and porch did not see it. */
function assertRefused(spool: Spool, name: string, code: string, says: RegExp): void {
  const status = spool.status(name);
  assert.equal(status?.error_details?.error_code, code, name);
  assert.ok(lstatSync(join(spool.handoff, status?.moved_to ?? '-'), { throwIfNoEntry: false }));
  assert.match(spool.read('failed', `${name}.error.log`), says);
  assert.equal(spool.runs(name), 0);
}

test('links and FIFOs are never opened and filed as E014', async () => {
  await using spool = new Spool();
  const secret = spool.path('secret.json');
  writeFileSync(secret, intentFor(''));
  symlinkSync(secret, join(spool.handoff, 'intent-link.json'));
  symlinkSync('/does/not/exist', join(spool.handoff, 'intent-dangling.json'));
  execFileSync('mkfifo', [join(spool.handoff, 'intent-fifo.json')]);
  const { exitCode } = await spool.once();
  assert.equal(exitCode, 8);
  assertRefused(spool, 'intent-link.json', 'E014', /a link/);
  assertRefused(spool, 'intent-dangling.json', 'E014', /a link/);
  assertRefused(spool, 'intent-fifo.json', 'E014', /FIFO/);
  assert.ok(existsSync(secret));
});

test('a file with a second hard link waits for settle_timeout, then it is E014', async () => {
  await using spool = new Spool();
  for (const name of ['one', 'two']) {
    writeFileSync(spool.path(name), intentFor('', { target: name }));
    linkSync(spool.path(name), join(spool.handoff, `intent-${name}.json`));
  }
  await spool.watch(['-settle-timeout', '3s']);
  // A writer that links its file in and then drops its own name is no attack.
  rmSync(spool.path('one'));
  await spool.filed('intent-one.json');
  await spool.filed('intent-two.json', 'failed');
  assertRefused(spool, 'intent-two.json', 'E014', /2 hard links/);
});

test('a file that we may not read is E016 and says owner and mode', async () => {
  await using spool = new Spool({ unprivileged: true });
  spool.drop('intent-a.json', intentFor(''));
  chmodSync(join(spool.handoff, 'intent-a.json'), 0o000);
  const { exitCode } = await spool.once(['-settle-timeout', '200ms']);
  assert.equal(exitCode, 8);
  assertRefused(spool, 'intent-a.json', 'E016', /owner uid \d+.*mode 0000/);
});

test('a file that becomes readable in time runs', async () => {
  await using spool = new Spool({ unprivileged: true });
  spool.drop('intent-a.json', intentFor(''));
  chmodSync(join(spool.handoff, 'intent-a.json'), 0o000);
  await spool.watch();
  chmodSync(join(spool.handoff, 'intent-a.json'), 0o644);
  await spool.filed('intent-a.json');
});

test('refused names are filed under a safe name that their error log explains', async (context) => {
  await using spool = new Spool();
  const names = {
    'intent-\x1b[31mred.json': /\\x1b\[31mred/,
    'intent-two\nlines.json': /intent-two\\x0alines/,
    [`intent-${'x'.repeat(200)}.json`]: /more than 200/,
    'intent-what?.json': /reserved on Windows/,
  };
  const raw = Buffer.from('intent-\xff\xfe.json', 'latin1');
  const all: [Buffer, RegExp][] = Object.entries(names).map(([name, says]) => [
    Buffer.from(name),
    says,
  ]);
  // Deno lists such a name with U+FFFD in it, by which the file cannot be found.
  if (underTest === 'deno') context.diagnostic('not tried in Deno: a name that is not UTF-8');
  else all.push([raw, /\\xff\\xfe/]);
  for (const [name] of all) {
    writeFileSync(Buffer.concat([Buffer.from(`${spool.handoff}/`), name]), intentFor(''));
  }
  const { exitCode, program } = await spool.once();
  assert.equal(exitCode, 8);
  for (const [name, says] of all) {
    const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
    assertRefused(spool, `intent-refused-${digest}.json`, 'E014', says);
  }
  assert.ok(!program.stderr.includes('\x1b'));
  assert.deepEqual(
    spool.list().filter((name) => !name.startsWith('.')),
    ['failed', 'processed', 'status'],
  );
});

test('a directory with the name of an intent is left alone and reported once', async () => {
  await using spool = new Spool();
  mkdirSync(join(spool.handoff, 'intent-dir.json'));
  const program = await spool.watch(['-period', '50ms']);
  spool.drop('intent-a.json', intentFor(''));
  await spool.filed('intent-a.json');
  spool.drop('intent-b.json', intentFor(''));
  await spool.filed('intent-b.json');
  assert.equal(program.logged(/intent-dir\.json is a directory/).length, 1);
  assert.ok(existsSync(join(spool.handoff, 'intent-dir.json')));
});

test('what we make has exactly our modes, what was dropped keeps its own', async () => {
  await using spool = new Spool();
  spool.drop('intent-a.json', intentFor(''));
  chmodSync(join(spool.handoff, 'intent-a.json'), 0o600);
  spool.drop('intent-b.json', intentFor('exit=1'));
  await spool.once();
  const mode = (...names: string[]) => {
    return (lstatSync(spool.path('handoff', ...names)).mode & 0o7777).toString(8);
  };
  for (const name of ['processed', 'failed', 'status']) assert.equal(mode(name), '755', name);
  assert.equal(mode('.inflight'), '700');
  assert.equal(mode('processed', 'intent-a.json'), '600');
  assert.equal(mode('status', 'intent-a.json.status'), '644');
  assert.equal(mode('failed', 'intent-b.json.error.log'), '644');
  assert.equal(mode('.conductor-state.json'), '644');
});

test('a name that stands in processed/ or failed/ is never replaced', async () => {
  await using spool = new Spool();
  for (const directory of ['processed', 'failed']) mkdirSync(join(spool.handoff, directory));
  writeFileSync(join(spool.handoff, 'processed', 'intent-a.json'), 'mine');
  writeFileSync(join(spool.handoff, 'failed', 'intent-b.json.error.log'), 'mine too');
  spool.drop('intent-a.json', intentFor(''));
  spool.drop('intent-b.json', intentFor('exit=1'));
  await spool.once();
  assert.equal(spool.read('processed', 'intent-a.json'), 'mine');
  assert.equal(spool.read('failed', 'intent-b.json.error.log'), 'mine too');
  const moved = spool.status('intent-b.json')?.moved_to ?? '';
  assert.match(moved, /^failed\/intent-b\.json\.\d{8}T\d{9}Z\.json$/);
  assert.match(spool.read(`${moved}.error.log`), /E013/);
  assert.match(spool.status('intent-a.json')?.moved_to ?? '', /^processed\/intent-a\.json\.\d/);
});
