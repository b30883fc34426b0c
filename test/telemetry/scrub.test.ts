import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cleanControl } from '../../src/telemetry/scrub.ts';

describe('cleanControl', () => {
  it('keeps newlines and tabs, and shows the rest', () => {
    assert.equal(cleanControl('a\tb\nc\r\nd\re'), 'a\tb\nc\nd\\x0de');
    assert.equal(cleanControl('\u001b[31mred\u0000\u007f\u0085'), '\\x1b[31mred\\x00\\x7f\\x85');
    assert.equal(cleanControl('abc\u202etxt.exe'), 'abc\\u202etxt.exe');
    assert.equal(cleanControl('a\ud800b\udc00'), 'a\ufffdb\ufffd');
    assert.equal(cleanControl('übung 😀'), 'übung 😀');
  });

  it('leaves nothing that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const clean = cleanControl(text);
        assert.doesNotMatch(clean, /[^\P{Cc}\n\t]/u);
        assert.ok(clean.isWellFormed());
      }),
    );
  });
});
