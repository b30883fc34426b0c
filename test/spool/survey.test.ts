import assert from 'node:assert/strict';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { refusedName } from '../../src/intent/names.ts';
import { getdents } from '../../src/platform/getdents.ts';
import { modificationTimes } from '../../src/platform/index.ts';
import { type Entry, Survey } from '../../src/spool/survey.ts';
import { until } from '../tools/until.ts';
import { put, tempDir } from './support.ts';
import { Watched } from './watched.ts';

const native = { skip: !getdents && 'no getdents64 here' };

/** So many that help is asked for. */
const FILES = 450;

const nameOf = (index: number) => `intent-${String(index).padStart(3, '0')}.json`;

/** Files that were dropped one after the other, the last one first. */
function watchMany(t: TestContext): Watched {
  const watched = new Watched(t, { debounceMs: 30_000, periodMs: 60_000 }, false);
  for (let index = 0; index < FILES; index++) watched.putOld(nameOf(index), 60_000 + 1000 * index);
  return watched;
}

/** From now on help comes as from another thread; `meanwhile` happens after it has looked. */
function help(watched: Watched, meanwhile: () => void | Promise<void> = () => {}): string[] {
  const helped: string[] = [];
  watched.events.help = async (rawNames) => {
    helped.push(...rawNames);
    const times = modificationTimes(watched.handoff, rawNames);
    await meanwhile();
    return times;
  };
  return helped;
}

test('what another thread has looked at settles with the rest, in the same order', async (t) => {
  const watched = watchMany(t);
  mkdirSync(join(watched.handoff, 'intent-directory.json'));
  const helped = help(watched);
  await watched.intake.look();
  assert.equal(helped.length, FILES + 1);
  const taken = watched.intake.take(FILES + 1).map(({ name }) => name);
  assert.deepEqual(
    taken,
    Array.from({ length: FILES }, (_, index) => nameOf(FILES - 1 - index)),
  );
  assert.deepEqual(watched.directories, ['intent-directory.json']);
});

test('what it says nothing of is looked at here', async (t) => {
  const watched = watchMany(t);
  watched.events.help = async (rawNames) => new Float64Array(rawNames.length).fill(Number.NaN);
  await watched.intake.look();
  assert.equal(watched.intake.settled, FILES);
  assert.deepEqual(watched.errors, []);
});

test('where it has no time all are looked at here', async (t) => {
  const watched = watchMany(t);
  await watched.intake.look();
  assert.equal(watched.intake.settled, FILES);
});

test('what has changed since it looked settles anew', async (t) => {
  const watched = watchMany(t);
  help(watched, async () => {
    writeFileSync(join(watched.handoff, nameOf(7)), 'changed');
    await until(() => watched.intake.settling === 1);
  });
  await watched.intake.start();
  assert.equal(watched.intake.settled, FILES - 1);
  assert.equal(watched.intake.settling, 1);
});

test('what was news, and is old still, has the time that it has now', async (t) => {
  const watched = watchMany(t);
  const old = new Date(Date.now() - 3_600_000);
  help(watched, async () => {
    utimesSync(join(watched.handoff, nameOf(7)), old, old);
    await until(() => watched.intake.settling === 1);
  });
  await watched.intake.start();
  assert.deepEqual(watched.intake.peek(), { name: nameOf(7), time: old.getTime() });
  assert.equal(watched.intake.settling, 0);
});

test('what was taken since it looked is not found once more', async (t) => {
  const watched = watchMany(t);
  watched.put('intent-young.json');
  help(watched, () => {
    for (const name of [nameOf(7), 'intent-young.json']) watched.inHand.add(name);
  });
  await watched.intake.look();
  assert.equal(watched.intake.settled, FILES - 1);
  assert.equal(watched.intake.settling, 0);
});

test('few are looked at here', async (t) => {
  const watched = new Watched(t, { watch: false }, false);
  for (let index = 0; index < 30; index++) watched.putOld(nameOf(index), 60_000);
  assert.deepEqual(help(watched), []);
  await watched.intake.look();
  assert.equal(watched.intake.settled, 30);
});

/** So many that they do not come all at once. */
const MANY = 1500;

test(
  'what has settled is passed over in a large directory, and counts as there',
  native,
  async (t) => {
    const handoff = tempDir(t);
    for (let index = 0; index < MANY; index++) put(handoff, nameOf(index));
    const found: string[] = [];
    const parts = {
      handoff,
      isSettled: (bytes: Buffer, from: number, end: number) => {
        const name = bytes.toString('latin1', from, end);
        return name.startsWith('intent-') && name !== nameOf(7);
      },
      isNew: () => true,
      isStirring: () => false,
      found: ({ name }: Entry) => found.push(name),
      stopped: () => false,
      help: () => null,
    };
    assert.equal(await Survey.make(parts, MANY), MANY);
    assert.deepEqual(found, [nameOf(7)]);
  },
);

test(
  'a look among many that have settled finds what is new, by whatever name',
  native,
  async (t) => {
    const watched = new Watched(t, { watch: false }, false);
    const { handoff, intake } = watched;
    for (let index = 0; index < MANY; index++) watched.putOld(nameOf(index), 60_000);
    const odd = Buffer.from('intent-\xff.json', 'latin1');
    writeFileSync(Buffer.concat([Buffer.from(`${handoff}/`), odd]), '');
    await delay(watched.times.debounceMs);
    await intake.look();
    assert.equal(intake.settled, MANY + 1);
    // A file that is really called what another one is only called by us.
    watched.putOld(refusedName(odd)?.safeName ?? '', 60_000);
    watched.putOld('intent-new.json', 60_000);
    mkdirSync(join(handoff, 'intent-directory.json'));
    await intake.look();
    assert.equal(intake.settled, MANY + 3);
    await intake.look();
    assert.equal(intake.settled, MANY + 3);
    assert.deepEqual(watched.directories, ['intent-directory.json']);
  },
);

test('a failure while it is still looking ends the look, and nothing is waited for in vain', async (t) => {
  const watched = watchMany(t);
  help(watched, () => {
    rmSync(watched.handoff, { recursive: true });
    throw Object.assign(new Error('EIO: i/o error, lstat'), { code: 'EIO' });
  });
  await watched.intake.look();
  assert.equal(watched.errors.length, 1);
  assert.equal(watched.intake.settled, 0);
});
