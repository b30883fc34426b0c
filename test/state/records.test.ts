import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { checksum, decodeRecord, encodeRecord } from '../../src/state/records.ts';
import { outcome, start } from './support.ts';

test('a record is one line that begins with its checksum', () => {
  const record = outcome('intent-a.json', { status: 'two\nlines\u2028\u2029 and "quotes"\r' });
  const line = encodeRecord(record);
  assert.equal(line.indexOf('\n'), line.length - 1);
  assert.match(line, /^[0-9a-f]{8} \{"t":"outcome",/);
  assert.deepEqual(decodeRecord(line.slice(0, -1)), record);
  assert.equal(checksum('123456789'), 'cbf43926');
  assert.equal(crc32('123456789'), 0xcbf43926);
});

test('whatever text a record holds, it comes back', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, (name, log) => {
      const record = outcome(name.toWellFormed(), { log: log.toWellFormed() });
      const bytes = Buffer.from(encodeRecord(record)).toString('utf8');
      assert.deepEqual(decodeRecord(bytes.slice(0, -1)), record);
    }),
  );
});

test('a damaged line is no record', () => {
  const line = encodeRecord(start('intent-a.json')).slice(0, -1);
  const json = line.slice(9);
  for (const damaged of [
    '',
    'x',
    json,
    line.slice(0, -1),
    `${line} `,
    line.replace('intent-a', 'intent-b'),
    line.toUpperCase(),
    line.replace(' ', '_'),
    `${checksum('')} `,
    `${checksum('{')} {`,
    `${checksum('{"t":"unheard of"}')} {"t":"unheard of"}`,
  ]) {
    assert.equal(decodeRecord(damaged), null, damaged);
  }
});
