import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeRefusal, placeOf, summarise } from '../../src/intent/refusal.ts';
import type { Refusal } from '../../src/intent/types.ts';

const refusal: Refusal = {
  code: 'E003',
  message: 'expected a whole number from 0 to 100, found "three"',
  mend: 'change it to a whole number from 0 to 100',
  path: '$.replicas',
  line: 5,
  column: 15,
  mayPass: false,
};

describe('describeRefusal', () => {
  it('says file, code, rule, place and mend', () => {
    assert.equal(
      describeRefusal(refusal, 'intent-a.json'),
      `file:  intent-a.json
error: E003 schema
rule:  expected a whole number from 0 to 100, found "three"
place: $.replicas, line 5, column 15
mend:  change it to a whole number from 0 to 100
`,
    );
  });

  it('says no place where the whole file is meant, and makes the name safe', () => {
    const { code, message, mend, mayPass } = refusal;
    const text = describeRefusal({ code, message, mend, mayPass }, 'intent-\u001b\n.json');
    assert.match(text, /^file: {2}intent-\\x1b \.json\nerror: /);
    assert.doesNotMatch(text, /place/);
  });
});

describe('placeOf', () => {
  it('takes what is known', () => {
    const { code, message, mend, mayPass } = refusal;
    const bare = { code, message, mend, mayPass };
    assert.equal(placeOf(bare), '');
    assert.equal(placeOf({ ...bare, line: 1, column: 2 }), 'line 1, column 2');
    assert.equal(placeOf(refusal), '$.replicas, line 5, column 15');
  });
});

describe('summarise', () => {
  it('says how many more there are', () => {
    assert.equal(summarise(refusal, 1), refusal);
    assert.match(summarise(refusal, 3).message, /found "three" \(and 2 more\)$/);
  });
});
