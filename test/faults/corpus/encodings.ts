/** Files whose bytes are wrong before JSON begins: empty, cut, byte order marks, not UTF-8, NUL. */
import { type Case, contentCases, intent, type Row } from './case.ts';

const good = intent();
const described = (bytes: string) => {
  return Buffer.from(intent({ description: `"a${bytes}b"` }), 'latin1');
};

/** Cut after the first time that these words stand in it. */
const cutAfter = (words: string): Row => {
  const length = good.indexOf(words) + words.length;
  return [`cut off after ${JSON.stringify(words)}`, good.slice(0, length), 'E001'];
};

const littleEndian = Buffer.from(good, 'utf16le');
const bigEndian = Buffer.from(good, 'utf16le').swap16();
const utf32 = Buffer.concat(Array.from(good, (c) => Buffer.from([c.charCodeAt(0), 0, 0, 0])));

/** Bytes that are not UTF-8, in Latin-1. */
const broken: readonly (readonly [label: string, bytes: string])[] = [
  ['a continuation byte alone', '\x80'],
  ['0xff', '\xff'],
  ['0xfe', '\xfe'],
  ['Latin-1', 'f\xfcr'],
  ['an overlong slash of two bytes', '\xc0\xaf'],
  ['an overlong slash of three bytes', '\xe0\x80\xaf'],
  ['an overlong NUL', '\xc0\x80'],
  ['a high surrogate', '\xed\xa0\x80'],
  ['a pair of surrogates (CESU-8)', '\xed\xa0\xbd\xed\xb8\x80'],
  ['above U+10FFFF', '\xf4\x90\x80\x80'],
  ['a lead byte of five', '\xf8\x88\x80\x80\x80'],
  ['half a character', '\xe2\x82'],
];

const rows: readonly Row[] = [
  ['empty', '', 'E001'],
  ['one line feed', '\n', 'E001'],
  ['white space', ' \t\r\n'.repeat(1000), 'E001'],
  ['one NUL', '\0', 'E001'],
  ['a page of NULs, as a crash leaves it', '\0'.repeat(4096), 'E001'],
  ['NULs behind it', `${good}${'\0'.repeat(512)}`, 'E001'],
  ['NULs before it', `\0${good}`, 'E001'],
  ['a NUL in a string', intent({ description: '"a\0b"' }), 'E001'],
  ['a NUL in a key', intent({}, '"desc\0ription": ""'), 'E001'],
  ['NULs in place of the second half', `${good.slice(0, 40)}${'\0'.repeat(40)}`, 'E001'],
  ['an escaped NUL', intent({ description: '"a\\u0000b"' }), 'accepted'],
  ...['{', '{\n"', '"reason"', '"reason":', '"web', '"web"', '"default",', ': 3'].map(cutAfter),
  ['a byte order mark', `\ufeff${good}`, 'E001'],
  ['two byte order marks', `\ufeff\ufeff${good}`, 'E001'],
  ['nothing but a byte order mark', '\ufeff', 'E001'],
  ['a byte order mark behind a line feed', `\n\ufeff${good}`, 'E001'],
  ['a byte order mark in a string', intent({ description: '"\ufeff"' }), 'accepted'],
  ['UTF-16LE', Buffer.concat([Buffer.from([0xff, 0xfe]), littleEndian]), 'E015'],
  ['UTF-16BE', Buffer.concat([Buffer.from([0xfe, 0xff]), bigEndian]), 'E015'],
  ['UTF-16LE without a mark', littleEndian, 'E001'],
  ['UTF-16BE without a mark', bigEndian, 'E001'],
  ['UTF-32LE', Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), utf32]), 'E015'],
  ['UTF-7', '+AHsAIgBhACIAOgAxAH0-', 'E001'],
  ['EBCDIC', Buffer.from([0xc0, 0x7f, 0x99, 0x85, 0x81, 0xa2, 0x96, 0x95, 0x7f, 0xd0]), 'E015'],
  ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xe6, 2]), 'E015'],
  ['a program', Buffer.from('\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\xc0\xff', 'latin1'), 'E015'],
  ['base64', Buffer.from(good).toString('base64'), 'E001'],
  ...broken.map(([label, bytes]): Row => [`${label} in a string`, described(bytes), 'E015']),
  ['0xff in a key', Buffer.from(intent({}, '"\xff": 1'), 'latin1'), 'E015'],
  ['0xff behind it', Buffer.concat([Buffer.from(good), Buffer.from([0xff])]), 'E015'],
  ['half a character at the end', Buffer.from(`${good}\u20ac`).subarray(0, -1), 'E015'],
];

export const encodingCases: readonly Case[] = contentCases('bytes', rows);
