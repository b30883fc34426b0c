/**
 * Damaged state, seen from outside: whatever was done to the state files of a spool whose program was
 * killed, the next start says so, loses no file and runs nothing again that it can know of.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Spool } from '../e2e/spool.ts';
import {
  asideOf,
  assertSurvives,
  copyOf,
  damageOf,
  type Expected,
  JOURNAL,
  makeCrashedSpool,
  recordedIn,
  SNAPSHOT,
} from './crashed-spool.ts';
import { cuts, type Damage, flipped, stepFor } from './damage.ts';
import { forbidden } from './skip.ts';

const crashed = makeCrashedSpool();
after(async () => (await crashed)[Symbol.asyncDispose]());

/** As many programs as keep two cores busy. */
const AT_ONCE = 3;

async function forEach<T>(items: Iterable<T>, step: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const work = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await step(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** One start on each damage to a state file. */
async function tryAll(
  name: string,
  cases: Iterable<Damage>,
  expect: (bytes: Buffer) => Expected,
): Promise<void> {
  const original = await crashed;
  await forEach(cases, async ({ what, bytes }) => {
    await using spool = copyOf(original);
    const path = join(spool.handoff, name);
    writeFileSync(path, bytes);
    try {
      const expected = expect(bytes);
      await assertSurvives(spool, expected);
      if (expected.damage) assert.ok(readFileSync(asideOf(spool, name)).equals(bytes));
    } catch (error) {
      throw new Error(`${name}, ${what}`, { cause: error });
    }
  });
}

test('a journal with a changed byte: all outcomes are known still, for their status files are', async () => {
  const whole = readFileSync(join((await crashed).handoff, JOURNAL));
  await tryAll(JOURNAL, flipped(whole, stepFor(whole, 12)), (bytes) => {
    const torn =
      bytes.lastIndexOf(10) < whole.length - 1 && bytes.indexOf(10, whole.length - 2) < 0;
    return torn ? silent(whole, bytes) : { damage: damageOf(JOURNAL) };
  });
});

/** A torn end is what a crash leaves: nobody can tell that it was once whole. */
function silent(whole: Buffer, bytes: Buffer): Expected {
  const left = recordedIn(bytes.subarray(0, bytes.lastIndexOf(10) + 1));
  const gone = [...recordedIn(whole)].filter((name) => !left.has(name));
  return { damage: null, unknown: new Set(gone) };
}

test('a journal cut off: what is gone may run again when it is dropped again, nothing else', async () => {
  const whole = readFileSync(join((await crashed).handoff, JOURNAL));
  await tryAll(JOURNAL, cuts(whole, stepFor(whole, 5)), (bytes) => silent(whole, bytes));
});

test('a snapshot cut off or changed: all outcomes are known still', async () => {
  const whole = readFileSync(join((await crashed).handoff, SNAPSHOT));
  const step = stepFor(whole, 5);
  for (const cases of [cuts(whole, step), flipped(whole, step)]) {
    await tryAll(SNAPSHOT, cases, (bytes) => ({
      damage: isWhole(bytes, whole) ? null : damageOf(SNAPSHOT),
    }));
  }
});

/** Without its last line feed, or with one for a comma at the end of a line, nothing is lost. */
function isWhole(bytes: Buffer, whole: Buffer): boolean {
  const plain = (text: Buffer) =>
    text
      .toString()
      .replace(/,(?=\n)/g, '')
      .replace(/\n+/g, '\n');
  return plain(bytes).trimEnd() === plain(whole).trimEnd();
}

type Replacement = (path: string, spool: Spool) => void;

/** What may stand in the place of a state file, and what the log says of it. */
const replacements: Record<string, [Replacement, string]> = {
  'a directory': [(path) => mkdirSync(path), 'is not a regular file'],
  'a symbolic link': [
    (path, spool) => {
      writeFileSync(spool.path('elsewhere'), 'not ours');
      symlinkSync(spool.path('elsewhere'), path);
    },
    'is not a regular file',
  ],
  'a FIFO': [
    (path) => assert.equal(spawnSync('mkfifo', [path]).status, 0),
    'is not a regular file',
  ],
  'a huge sparse file': [
    (path) => {
      writeFileSync(path, '');
      truncateSync(path, 64 * 1024 ** 3);
    },
    'is damaged',
  ],
};

test('anything in the place of a state file is set aside, and never followed or waited for', async () => {
  const original = await crashed;
  const cases = Object.entries(replacements).flatMap(([what, [replace, says]]) =>
    [SNAPSHOT, JOURNAL].map((name) => ({ what, name, replace, says })),
  );
  await forEach(cases, async ({ name, replace, says }) => {
    await using spool = copyOf(original);
    const path = join(spool.handoff, name);
    rmSync(path);
    replace(path, spool);
    const kind = lstatSync(path).mode;
    await assertSurvives(spool, { damage: damageOf(name, says) });
    const aside = asideOf(spool, name);
    assert.equal(lstatSync(aside).mode, kind);
    if (!lstatSync(aside).isSymbolicLink()) return;
    assert.equal(readlinkSync(aside), spool.path('elsewhere'));
    assert.equal(readFileSync(spool.path('elsewhere'), 'utf8'), 'not ours');
  });
});

test('an emptied snapshot is damage; an emptied journal is what a crash may leave', async () => {
  const whole = readFileSync(join((await crashed).handoff, JOURNAL));
  const empty = [{ what: 'emptied', bytes: Buffer.alloc(0) }];
  await tryAll(SNAPSHOT, empty, () => ({ damage: damageOf(SNAPSHOT) }));
  await tryAll(JOURNAL, empty, (bytes) => silent(whole, bytes));
});

test('a state file that we may not read, or that a dropper may have put there, is set aside', async () => {
  const root = process.geteuid?.() === 0;
  await using original = await makeCrashedSpool({ unprivileged: true });
  for (const name of [SNAPSHOT, JOURNAL]) {
    await using spool = copyOf(original, { unprivileged: true });
    chmodSync(join(spool.handoff, name), 0);
    await assertSurvives(spool, { damage: / may not be read by us: / });
    assert.equal(lstatSync(asideOf(spool, name)).mode & 0o777, 0);
  }
  if (!root) return forbidden('a state file of another user', 'only root can give files away');
  const foreigner = 65533;
  for (const name of [SNAPSHOT, JOURNAL]) {
    await using spool = copyOf(original, { unprivileged: true });
    chownSync(join(spool.handoff, name), foreigner, foreigner);
    await assertSurvives(spool, { damage: / belongs to user 65533, and conductor-loop runs as / });
    assert.equal(lstatSync(asideOf(spool, name)).uid, foreigner);
  }
});
