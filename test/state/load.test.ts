import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { layoutOf } from '../../src/spool/layout.ts';
import { keptHash } from '../../src/state/kept-hash.ts';
import { encodeRecord, LaterVersion } from '../../src/state/records.ts';
import { writeSnapshot } from '../../src/state/snapshot.ts';
import { tempDir } from '../spool/support.ts';
import { concluded, crash, openStore, outcome, read, sha } from './support.ts';

const names = ['intent-a.json', 'intent-b.json', 'intent-c.json', 'intent-d.json'];
const [A = '', B = '', C = ''] = names;
const SNAPSHOT = '.conductor-state.json';
const JOURNAL = '.conductor-state.here.journal';

test('a segment that the snapshot covers is not replayed over it', async (t) => {
  const handoff = tempDir(t);
  const { snapshot } = layoutOf(handoff, 'here', 'life');
  const header = { t: 'segment', version: 1, instance: 'pod-1', life: 'x', created: '' } as const;
  // The crash came between the snapshot and the removal of the segments that it covers.
  const covers = [1, 2].map((segment) => {
    const old = outcome(A, { seq: `old-${segment}`, outcome: 'failed', at: segment });
    const text = encodeRecord({ ...header, segment }) + encodeRecord(old);
    writeFileSync(join(handoff, `.conductor-state.pod-1.journal.${segment}`), text);
    return { instance: 'pod-1', segment, bytes: Buffer.byteLength(text) };
  });
  const entries: [string, { sha: string; succeeded: boolean; at: number }][] = [
    [A, { sha: keptHash(sha('newer')), succeeded: true, at: 9 }],
  ];
  await writeSnapshot(snapshot, { covers, unfinished: [], entries });
  const { store } = await openStore(handoff);
  assert.deepEqual(store.past(A), entries[0]?.[1]);
  assert.equal(store.unfinished.size, 0);
  await store.close();
  assert.deepEqual(readdirSync(handoff), [SNAPSHOT]);
});

test('what other instances left is taken over with their names', async (t) => {
  let directory = tempDir(t);
  for (const instance of ['pod-1', 'pod-2', 'pod-1']) {
    const { store } = await openStore(directory, { instance });
    await store.record(concluded(A, { at: store.size, outcome: 'failed' }));
    await store.record(concluded(`intent-${instance}.json`, { at: 1 }));
    const copy = crash(t, directory);
    await store.close();
    directory = copy;
  }
  const { store } = await openStore(directory);
  assert.equal(store.size, 3);
  assert.equal(store.past(A)?.at, 3);
  await store.close();
  assert.deepEqual(readdirSync(directory), [SNAPSHOT]);
});

test('a torn journal is no damage, a damaged one is set aside and said', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  for (const name of names) await store.record(concluded(name));
  const torn = crash(t, handoff);
  const damaged = crash(t, handoff);
  await store.close();

  truncateSync(join(torn, JOURNAL), readFileSync(join(torn, JOURNAL)).length - 5);
  const first = await openStore(torn);
  assert.deepEqual(first.said, []);
  assert.equal(first.store.size, 3);
  await first.store.close();

  const path = join(damaged, JOURNAL);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(`"name":"${B}"`, `"name":"intent-B.json"`));
  const second = await openStore(damaged);
  assert.equal(second.said.length, 1);
  assert.match(second.said[0] ?? '', /^E009 .*journal\.1-\d+ is damaged: 3 sound entries kept/);
  assert.equal(second.store.size, 3);
  await second.store.close();
  const [snapshot, copy = ''] = readdirSync(damaged).sort().reverse();
  assert.equal(snapshot, SNAPSHOT);
  assert.match(copy, /^\.conductor-state\.here\.journal\.1-\d+\.damaged-\d{8}T\d{9}Z$/);
  assert.ok(readFileSync(join(damaged, copy), 'utf8').includes('intent-B.json'));
});

test('a damaged snapshot stays until a whole one replaces it', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  for (const name of names) store.filed(await store.record(concluded(name)));
  await store.close();
  const path = join(handoff, SNAPSHOT);
  const broken = readFileSync(path, 'utf8').replace(`["${B}"`, `["intent-B.json"`);
  writeFileSync(path, broken);
  const second = await openStore(handoff);
  assert.match(second.said[0] ?? '', /^E009 .*3 sound entries kept/);
  assert.equal(second.store.size, 3);
  assert.equal(second.store.past(B), undefined);
  // A crash before the next snapshot: everything is still there.
  const copy = crash(t, handoff);
  assert.equal(readFileSync(join(copy, SNAPSHOT), 'utf8'), broken);
  await second.store.close();
  assert.equal((await read(path)).damaged, 0);
  const aside = readdirSync(handoff).filter((name) => name.includes('.damaged-'));
  assert.equal(aside.length, 1);
  assert.equal(readFileSync(join(handoff, aside[0] ?? ''), 'utf8'), broken);
  const third = await openStore(copy);
  assert.equal(third.store.size, 3);
  await third.store.close();
});

test('a snapshot that is no regular file is set aside and never followed', async (t) => {
  for (const make of [
    (path: string) => mkdirSync(path),
    (path: string, t: TestContext) => symlinkSync(join(tempDir(t), 'target'), path),
  ]) {
    const handoff = tempDir(t);
    make(join(handoff, SNAPSHOT), t);
    const { store, said } = await openStore(handoff);
    assert.match(said[0] ?? '', /^E009 .*not a regular file/);
    await store.record(concluded(A));
    await store.close();
    assert.equal(readdirSync(handoff).length, 2);
    assert.equal((await read(join(handoff, SNAPSHOT))).entries.size, 1);
  }
});

const goState = (changes: Record<string, unknown> = {}) => {
  const entry = (name: string, status: string, at: string) => ({
    file_path: `/var/handoff/${name}`,
    sha256: sha(name),
    processed_at: at,
    status,
  });
  return JSON.stringify({
    version: '1.0',
    saved_at: '2025-01-01T00:00:00Z',
    states: {
      [`/var/handoff/${A}`]: entry(A, 'processed', '2025-01-01T00:00:00.5Z'),
      [`/old/${A}`]: entry(A, 'processed', '2024-01-01T00:00:00Z'),
      [`/var/handoff/${B}`]: entry(B, 'failed', '2025-01-01T00:00:00+02:00'),
      'C:\\handoff\\intent-c.json': {
        ...entry(C, 'processed', '2025-01-01T00:00:00Z'),
        file_path: `C:\\handoff\\${C}`,
      },
    },
    ...changes,
  });
};

test('the successes of the Go program count, and its file is kept', async (t) => {
  const handoff = tempDir(t);
  const path = join(handoff, SNAPSHOT);
  writeFileSync(path, goState());
  const { store, said } = await openStore(handoff);
  assert.equal(store.size, 2);
  assert.deepEqual(store.past(A), {
    sha: keptHash(sha(A)),
    succeeded: true,
    at: Date.parse('2025-01-01T00:00:00.5Z'),
  });
  assert.equal(store.past(B), undefined);
  assert.equal(store.past(C)?.succeeded, true);
  assert.match(said[0] ?? '', /^took over 2 successes/);
  // A crash before the first snapshot loses nothing, and the backup is made once.
  const copy = crash(t, handoff);
  await store.close();
  for (const directory of [copy, handoff]) {
    const again = await openStore(directory);
    assert.equal(again.store.size, 2);
    await again.store.close();
    assert.equal((await read(join(directory, SNAPSHOT))).entries.size, 2);
    assert.equal(readFileSync(`${join(directory, SNAPSHOT)}.go-backup`, 'utf8'), goState());
  }
});

test('JSON that is neither ours nor the Go program’s is damage', async (t) => {
  for (const text of ['{}', 'nothing', goState({ states: 7 }), '']) {
    const handoff = tempDir(t);
    writeFileSync(join(handoff, SNAPSHOT), text);
    const { store, said } = await openStore(handoff);
    assert.match(said[0] ?? '', /^E009 /, text);
    await store.close();
    assert.equal((await read(join(handoff, SNAPSHOT))).damaged, 0);
  }
});

test('what a damaged state has lost is known from the status files, where they say more', async (t) => {
  const handoff = tempDir(t);
  const { store } = await openStore(handoff);
  for (const [at, name] of names.entries()) {
    store.filed(await store.record(concluded(name, { at: 10 + at })));
  }
  await store.close();
  const path = join(handoff, SNAPSHOT);
  const lines = readFileSync(path, 'utf8').split('\n');
  const kept = lines.filter((line) => !line.startsWith(`["${B}"`) && !line.startsWith(`["${C}"`));
  writeFileSync(path, kept.join('\n'));
  const witness = (name: string, status: string, at: number, changes = {}) => {
    const timestamp = new Date(at).toISOString();
    return JSON.stringify({ intent_file: name, status, timestamp, sha256: sha(name), ...changes });
  };
  mkdirSync(join(handoff, 'status'));
  const files = {
    [A]: witness(A, 'failed', 5),
    [B]: witness(B, 'skipped', 20),
    [C]: witness(C, 'timeout', 30),
    'intent-refused.json': witness('intent-else.json', 'failed', 5),
    'intent-unread.json': witness('intent-unread.json', 'failed', 5, { sha256: '' }),
    'intent-torn.json': '{"intent_file":"intent-torn.json",',
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(handoff, 'status', `${name}.status`), text);
  }
  mkdirSync(join(handoff, 'status', 'intent-directory.json.status'));
  const second = await openStore(handoff);
  assert.equal(second.store.past(A)?.succeeded, true, 'the older witness does not count');
  assert.deepEqual(second.store.past(B), { sha: keptHash(sha(B)), succeeded: true, at: 20 });
  assert.deepEqual(second.store.past(C), { sha: keptHash(sha(C)), succeeded: false, at: 30 });
  assert.equal(second.store.size, 4);
  assert.equal(second.said.length, 2);
  await second.store.close();
  const third = await openStore(handoff);
  assert.equal(third.store.size, 4);
  assert.deepEqual(third.said, []);
  await third.store.close();
});

test('a state of a later version is refused, and stays as it is', async (t) => {
  const header = { t: 'segment', instance: 'here', segment: 1, life: 'x', created: '' } as const;
  const handoff = tempDir(t);
  const later = encodeRecord({ ...header, version: 2 });
  writeFileSync(join(handoff, JOURNAL), later);
  await assert.rejects(openStore(handoff), LaterVersion);
  assert.deepEqual(readdirSync(handoff), [JOURNAL]);
  // Where the checksum says that it is not what was written, a version is damage like anything else.
  writeFileSync(join(handoff, JOURNAL), later.replace('"version":2', '"version":3'));
  const { store, said } = await openStore(handoff);
  assert.match(said[0] ?? '', /^E009 /);
  await store.close();
});

test('a segment that is sealed takes the name of no other', async (t) => {
  const handoff = tempDir(t);
  const header = { t: 'segment', version: 1, instance: 'here', life: 'x', created: '' } as const;
  const [sealed = '', current = ''] = [A, B].map((name) => {
    return encodeRecord({ ...header, segment: 1 }) + encodeRecord(outcome(name));
  });
  writeFileSync(join(handoff, `${JOURNAL}.1`), sealed);
  // The second cannot be read at its beginning, so that it does not know its own number.
  for (const text of [current, `x${current}`]) {
    const copy = crash(t, handoff);
    writeFileSync(join(copy, JOURNAL), text);
    const { store } = await openStore(copy);
    assert.deepEqual([store.past(A)?.succeeded, store.past(B)?.succeeded], [true, true]);
    assert.equal(readFileSync(join(copy, `${JOURNAL}.1`), 'utf8'), sealed);
    const second = readdirSync(copy).find((name) => /\.journal\.2(-\d+)?$/.test(name)) ?? '';
    assert.equal(readFileSync(join(copy, second), 'utf8'), text);
    await store.close();
  }
});
