/** Files that become something else while the program looks at them, thousands of times. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Program } from '../e2e/harness.ts';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { Opens } from './opens.ts';
import { scaled } from './scale.ts';
import { forbidden } from './skip.ts';

/** So that files are taken within milliseconds of their last change, while they still change. */
const eager = ['-debounce', '1ms', '-period', '100ms', '-log-level', 'info'];

/** From the news of a file to its claim it takes some milliseconds: somewhere in them. */
async function moment(mostMs: number): Promise<void> {
  const end = performance.now() + Math.random() * mostMs;
  // A whole turn each time, or the program would wait for us to read its log.
  do await turn();
  while (performance.now() < end);
}

const pick = (count: number) => Math.floor(Math.random() * count);
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const intentsIn = (spool: Spool) => spool.list().filter((name) => name.startsWith('intent-'));

/** A good intent like no other. */
const goodFor = (number: number, target = number) => {
  return intentFor(`number-${number}`, { target: `target-${target}` });
};

/** The program still works, has nothing claimed, and ends well. */
async function endsWell(spool: Spool, program: Program): Promise<void> {
  spool.drop('intent-last.json', goodFor(-1, 0));
  await spool.filed('intent-last.json');
  assert.equal(await program.stop(), 0, program.stderr.slice(-4000));
  assert.deepEqual(spool.claimed, []);
}

test('a link put in the place of a file is never followed, a FIFO never waited for', async () => {
  await using spool = new Spool();
  const program = await spool.watch(eager);
  const secret = spool.path('secret.json');
  const secretText = intentFor('exit=9 say=secret');
  writeFileSync(secret, secretText);
  const fifo = spool.path('fifo');
  execFileSync('mkfifo', [fifo]);
  // A FIFO that comes between look and open is opened, but not waited for and not read.
  using opens = Opens.of([secret]);
  if (!opens) forbidden('that links are not followed', 'no inotify');

  const good = new Set<string>();
  const made = spool.path('made');
  const ways: ((number: number) => void)[] = [
    (number) => {
      const text = goodFor(number, number % 7);
      good.add(sha256(text));
      writeFileSync(made, text);
    },
    () => symlinkSync(secret, made),
    () => linkSync(fifo, made),
  ];
  for (let swap = 0; swap < scaled(1500, 60_000); swap++) {
    // As many good ones as others, or hardly any would be there to be replaced.
    ways[swap % 2 === 0 ? 0 : 1 + pick(2)]?.(swap);
    renameSync(made, join(spool.handoff, `intent-${Math.floor(swap / 2) % 5}.json`));
    await moment(3);
  }
  for (const name of intentsIn(spool)) rmSync(join(spool.handoff, name), { force: true });
  await endsWell(spool, program);
  good.add(sha256(goodFor(-1, 0)));
  assert.deepEqual(opens?.take() ?? [], []);
  assert.ok(!program.stderr.includes(sha256(secretText)));
  for (const { event, name, sha256: ran, exitCode } of spool.porchLog) {
    assert.ok(good.has(ran), `${name}: ${ran}`);
    assert.ok(event === 'start' || exitCode === 0, `${name}: ${exitCode}`);
  }
  const codes = program.log.map((line) => line.error_code).filter((code) => code !== undefined);
  assert.deepEqual(new Set(codes), new Set(['E014']));
  for (const name of spool.list('failed')) {
    const isFile = lstatSync(join(spool.handoff, 'failed', name)).isFile();
    assert.equal(isFile, name.endsWith('.error.log'), name);
  }
});

test('a link that comes between look and open is not followed', async () => {
  await using spool = new Spool();
  const secret = spool.path('secret.json');
  writeFileSync(secret, intentFor('exit=9'));
  using opens = Opens.of([secret]);
  if (!opens) return forbidden('that links are not followed', 'no inotify');
  // Of old files a look alone takes notice, and they are read at once, in the midst of the swaps.
  const program = await spool.watch([...eager, '-poll', '-period', '10ms']);
  const made = spool.path('made');
  const refused = () => program.stderr.split('"error_code":"E0').length;
  for (let swap = 0; refused() < scaled(150, 20_000); swap++) {
    if (swap % 2 === 0) writeFileSync(made, '{}');
    else symlinkSync(secret, made);
    lutimesSync(made, 1000, 1000);
    renameSync(made, join(spool.handoff, `intent-${Math.floor(swap / 2) % 8}.json`));
    if (swap % 200 === 0) await turn();
  }
  await endsWell(spool, program);
  assert.deepEqual(opens.take(), []);
});

test('a good intent put in the place of a bad one is not refused for it', async () => {
  await using spool = new Spool();
  const program = await spool.watch(eager);
  const count = scaled(300, 6000);
  for (let number = 0; number < count; number++) {
    const name = `intent-${number}.json`;
    spool.drop(name, intentFor('', { replicas: -1 }));
    await moment(6);
    spool.drop(name, goodFor(number));
  }
  for (let number = 0; number < count; number++) {
    const name = `intent-${number}.json`;
    await spool.filed(name);
    assert.equal(spool.runs(name), 1, name);
  }
  await endsWell(spool, program);
  for (const name of spool.list('failed')) {
    if (name.endsWith('.json')) assert.match(spool.read('failed', name), /"replicas":-1/, name);
  }
});

test('a directory put in the place of a file is left where it is', async () => {
  await using spool = new Spool();
  const program = await spool.watch(eager);
  const names = Array.from({ length: scaled(200, 4000) }, (_, number) => `intent-${number}.json`);
  for (const [number, name] of names.entries()) {
    const path = join(spool.handoff, name);
    spool.drop(name, number % 2 === 0 ? goodFor(number) : '{"replicas": -1}');
    await moment(6);
    rmSync(path, { force: true });
    mkdirSync(path);
  }
  const reported = () => program.logged(/ is a directory: /).length >= names.length;
  await spool.until(reported, 'each directory to be reported');
  await endsWell(spool, program);
  assert.equal(program.logged(/ is a directory: /).length, names.length);
  for (const name of names) assert.ok(lstatSync(join(spool.handoff, name)).isDirectory(), name);
  for (const place of ['processed', 'failed']) {
    const entries = readdirSync(join(spool.handoff, place), { withFileTypes: true });
    assert.ok(
      entries.every((entry) => entry.isFile()),
      place,
    );
  }
});

test('a file that is taken back after its event leaves no trace', async () => {
  await using spool = new Spool();
  const program = await spool.watch(eager);
  for (let number = 0; number < scaled(400, 8000); number++) {
    const name = `intent-${number % 20}.json`;
    spool.drop(name, goodFor(number, number % 20));
    await moment(6);
    rmSync(join(spool.handoff, name), { force: true });
  }
  await endsWell(spool, program);
  assert.deepEqual(intentsIn(spool), []);
  assert.deepEqual(spool.list('failed'), []);
  assert.deepEqual(
    program.log.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  );
});

test('a file that grows is judged by what it becomes, and not read without end', async () => {
  await using spool = new Spool();
  const program = await spool.watch([...eager, '-max-file-size', '64KB']);
  const count = scaled(45, 900);
  const written = new Map<string, string>();
  for (let number = 0; number < count; number++) {
    const name = `intent-${number}.json`;
    const text = goodFor(number);
    // Piece by piece: complete only at its end; complete from its begin on; never complete.
    const tail = number % 3 === 0 ? '' : ' '.repeat(number % 3 === 1 ? 2000 : 100_000);
    const whole = number % 3 === 2 ? `{${tail}` : `${text}${tail}`;
    written.set(name, whole);
    const step = Math.ceil(whole.length / 8);
    const write = spool.writeSlowly(name);
    for (let at = 0; at < whole.length; at += step) {
      write(whole.slice(at, at + step), at + step >= whole.length);
      await moment(3);
    }
  }
  for (const [name, whole] of written) {
    const status = await spool.filed(name, whole.startsWith('{ ') ? 'failed' : 'success');
    assert.ok(whole.length < 4000 || status.error_details?.error_code === 'E002', name);
  }
  await endsWell(spool, program);
});
