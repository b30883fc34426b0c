import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { History, type PastOutcome } from '../../src/state/history.ts';
import { keptHash } from '../../src/state/kept-hash.ts';
import type { PlainEntry } from '../../src/state/plain-entry.ts';
import { readSnapshot, writeSnapshot } from '../../src/state/snapshot.ts';
import { tempDir } from '../spool/support.ts';
import { sha } from './support.ts';

type Entry = [name: string, outcome: PastOutcome];

type Reading = { damaged: number; entries: Entry[]; plain: number };

const stringOf = ({ data, nameFrom, nameEnd }: PlainEntry) =>
  data.toString('utf8', nameFrom, nameEnd);

/** What a snapshot says, read with the short way for plain entries or without it. */
async function readEntries(path: string, isShort: boolean): Promise<Reading> {
  const entries: Entry[] = [];
  let plain = 0;
  const take = (entry: PlainEntry) => {
    const { succeeded, at } = entry;
    entries.push([stringOf(entry), { sha: entry.sha.toString('hex'), succeeded, at }]);
    plain++;
  };
  const damaged = await readSnapshot(path, {
    covers() {},
    unfinished() {},
    entry: (name, outcome) => entries.push([name, outcome]),
    ...(isShort ? { plain: take } : {}),
  });
  return { damaged, entries, plain };
}

/** A file that says of each of these lines that it is an entry. */
async function snapshotWith(path: string, lines: readonly Buffer[]): Promise<void> {
  await writeSnapshot(path, { covers: [], unfinished: [], entries: [] });
  const [head, , begin] = readFileSync(path, 'utf8').split('\n');
  const texts = [
    Buffer.from(`${head}\n\n${begin}`),
    ...lines,
    Buffer.from(`],"count":${lines.length}}`),
  ];
  writeFileSync(path, Buffer.concat(texts.flatMap((text) => [text, Buffer.from('\n')])));
}

/** The line of an array: whatever that is, its checksum is right. */
function lineOf(array: Buffer): Buffer {
  const sum = crc32(array).toString(16).padStart(8, '0');
  return Buffer.concat([array.subarray(0, -1), Buffer.from(`,"${sum}"],`)]);
}

const plainName = fc
  .string({ unit: 'grapheme-ascii', maxLength: 12 })
  .map((text) => text.replaceAll(/["\\]/g, '-'));
const plainTime = fc.oneof(
  fc.integer({ min: 0, max: 10 ** 15 - 1 }),
  fc.constantFrom(0, 9, 10 ** 15 - 1),
);
const kind = fc.constantFrom('s', 'f');
/** As it is written now, and as it was before. */
const plainSha = fc
  .tuple(fc.string({ maxLength: 2 }), fc.constantFrom(32, 64))
  .map(([text, digits]) => sha(text).slice(0, digits));

const plainArray = fc
  .tuple(plainName, plainSha, kind, plainTime)
  .map((values) => JSON.stringify(values));

/** JSON that is no different in its meaning, or a little. */
const oddArray = fc
  .record({
    name: fc.oneof(
      plainName.map((text) => `"${text}"`),
      fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
      fc.constantFrom(
        '"\\u0061"',
        '"a\\/b"',
        '"a\\"b"',
        '"\u007f"',
        '"\u0080"',
        '"\ufffd"',
        '"\ufeff"',
        '"\t"',
        '"',
        '1',
      ),
    ),
    sha: fc.oneof(
      plainSha.map((text) => `"${text}"`),
      fc.constantFrom(
        '""',
        '"00"',
        `"${'0'.repeat(64)}"`,
        `"${'A'.repeat(64)}"`,
        `"${'0'.repeat(66)}"`,
        `"${'g'.repeat(64)}"`,
        `"${'0'.repeat(32)}"`,
        `"${'A'.repeat(32)}"`,
        `"${'a'.repeat(31)}"`,
        `"${'a'.repeat(33)}"`,
        `"${'a'.repeat(32)}${'g'.repeat(32)}"`,
        'null',
      ),
    ),
    kind: fc.constantFrom('"s"', '"f"', '"S"', '"x"', '"ss"', '""', 's'),
    time: fc.oneof(
      plainTime.map(String),
      fc.double().map(String),
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
      fc.constantFrom(
        '-0',
        '0.0',
        '00',
        '01',
        '1e3',
        '1E+3',
        '1.5',
        '-1',
        '+1',
        '1_0',
        '0x1',
        '',
        '1e999',
        '9007199254740993',
        '"1"',
        ':',
        '/',
      ),
    ),
    separator: fc.oneof(
      { weight: 8, arbitrary: fc.constant(',') },
      fc.constantFrom(', ', ' ,', ',,'),
    ),
    end: fc.oneof(
      { weight: 8, arbitrary: fc.constant(']') },
      fc.constantFrom(' ]', ',]', ',1]', ']]', '}'),
    ),
  })
  .map(
    (parts) =>
      `[${[parts.name, parts.sha, parts.kind, parts.time].join(parts.separator)}${parts.end}`,
  );

/** Another byte at, before or instead of what stands somewhere. */
const change = fc.record({
  at: fc.nat(),
  byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('0af",[]\\ \n\r-.eE'))),
  removed: fc.constantFrom(0, 1),
  added: fc.constantFrom(0, 1),
});

type Change = { at: number; byte: number; removed: number; added: number };

function changed(bytes: Buffer, { at, byte, removed, added }: Change): Buffer {
  const from = at % (bytes.length + 1);
  const put = Buffer.alloc(added, byte);
  return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + removed)]);
}

const array = fc.oneof(plainArray, oddArray).map((text) => Buffer.from(text));
const line = fc.oneof(
  array.map(lineOf),
  // The checksum is right for what was changed.
  fc.tuple(array, change).map(([bytes, one]) => lineOf(changed(bytes, one))),
  // It is not.
  fc.tuple(array, change).map(([bytes, one]) => changed(lineOf(bytes), one)),
  fc
    .tuple(array, fc.constantFrom('', ',,', ', ', '\r', ',\r', ' ', '\0'))
    .map(([bytes, end]) => Buffer.concat([lineOf(bytes).subarray(0, -1), Buffer.from(end)])),
);

/** So that the file ends in or after an entry: what follows on them has 14 bytes. */
const cut = fc.oneof(fc.constantFrom(0, 14, 15, 16, 17), fc.nat({ max: 150 }));

test('whatever the lines and the end, the short way gives what reading them as JSON gives', async (t) => {
  const path = join(tempDir(t), 'state.json');
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 20, maxLength: 40 }),
      cut,
      async (lines, bytes) => {
        await snapshotWith(path, lines);
        truncateSync(path, statSync(path).size - bytes);
        const { plain: _, ...short } = await readEntries(path, true);
        const { plain: __, ...long } = await readEntries(path, false);
        assert.deepEqual(short, long);
      },
    ),
    { numRuns: 500 },
  );
});

test('of one line, whatever byte becomes whatever other, and its checksum with it or not', async (t) => {
  const path = join(tempDir(t), 'state.json');
  const lines: Buffer[] = [];
  for (const hash of [sha('a'), keptHash(sha('a'))]) {
    const bytes = Buffer.from(JSON.stringify(['intent-a.json', hash, 's', 1_700_000_000_000]));
    for (let at = 0; at < bytes.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const one = { at, byte, removed: 1, added: 1 };
        lines.push(lineOf(changed(bytes, one)), changed(lineOf(bytes), one));
      }
    }
  }
  await snapshotWith(path, lines);
  const { plain, ...short } = await readEntries(path, true);
  const { plain: none, ...long } = await readEntries(path, false);
  assert.deepEqual(short, long);
  assert.ok(plain > 1000 && none === 0);
});

for (const [what, hashOf] of [
  ['that we write', (text: string) => keptHash(sha(text))],
  ['with whole hashes, as they were written before,', sha],
] as const) {
  test(`the lines ${what} are taken in the short way, and become the same history`, async (t) => {
    const path = join(tempDir(t), 'state.json');
    const entries = Array.from(
      { length: 5000 },
      (_, index): Entry => [
        `intent-${index % 4500}.json`,
        { sha: hashOf(`${index}`), succeeded: index % 3 > 0, at: 1_700_000_000_000 + index },
      ],
    );
    await writeSnapshot(path, { covers: [], unfinished: [], entries });
    const { damaged, plain } = await readEntries(path, true);
    assert.deepEqual({ damaged, plain }, { damaged: 0, plain: entries.length });
    const [short, long] = [new History(), new History()];
    const reader = { covers() {}, unfinished() {} };
    await readSnapshot(path, {
      ...reader,
      entry: () => assert.fail('it is read as JSON'),
      plain: (entry) => short.setPlain(entry),
    });
    for (const [name, outcome] of entries) long.set(name, outcome);
    assert.deepEqual([...short.entries()], [...long.entries()]);
    assert.deepEqual(short.get('intent-4.json'), long.get('intent-4.json'));
  });
}
