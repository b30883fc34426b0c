import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { validateFiles } from '../../src/cli/validate.ts';
import { limits } from '../intent/helpers.ts';

const samples = fileURLToPath(new URL('../../samples/', import.meta.url));
const directory = fs.mkdtempSync(join(os.tmpdir(), 'validate-test-'));
after(() => fs.rmSync(directory, { recursive: true }));

function validate(paths: string[], colour = false): { code: number; lines: string[] } {
  const lines: string[] = [];
  const code = validateFiles(paths, limits, (line) => lines.push(line), colour);
  return { code, lines };
}

describe('validateFiles', () => {
  it('accepts the samples but those that are named as refused', () => {
    const names = fs.readdirSync(samples).filter((name) => name.endsWith('.json'));
    const bad = names.filter((name) => name.startsWith('intent-refused-'));
    assert.ok(bad.length >= 2 && names.length > bad.length);
    for (const name of names) {
      const { code, lines } = validate([join(samples, name)]);
      assert.equal(code, bad.includes(name) ? 8 : 0, lines.join('\n'));
    }
  });

  it('says of each file what is wrong, where, and how to mend it', () => {
    const path = join(directory, 'intent-a.json');
    fs.writeFileSync(path, '{\n  "target": "A",\n  "namespase": "x"\n}');
    const good = join(samples, 'intent-scale-up-001.json');
    const missing = join(directory, 'nope.json');
    const { code, lines } = validate([path, missing, good]);
    const width = Math.min(60, Math.max(path.length, missing.length, good.length));
    assert.equal(code, 8);
    assert.deepEqual(lines.slice(0, 3), [
      `${path.padEnd(width)}  refused`,
      '  E003 schema  $.intent_type, line 1, column 1',
      '    the key "intent_type" is missing',
    ]);
    const text = lines.join('\n');
    assert.match(text, /\$\.target, line 2, column 13\n {4}expected a DNS-1123 name/);
    assert.match(
      text,
      /\$\.namespase, line 3, column 3\n {4}unknown key .*\n {4}mend: write "namespace"/,
    );
    assert.match(text, /nope\.json +refused {2}there is no such file/);
    assert.match(text, /intent-scale-up-001\.json +ok\n/);
    assert.match(text, /\n1 ok, 2 refused$/);
  });

  it('lists all that is wrong, and counts what it does not list', () => {
    const path = join(directory, 'intent-b.json');
    const members = Array.from({ length: 150 }, (_, index) => `"x${index}": 1`);
    fs.writeFileSync(path, `{${members.join(',')}}`);
    const { lines } = validate([path]);
    assert.equal(lines.filter((line) => line.includes('unknown key')).length, 100);
    assert.equal(lines.at(-1), '  and 50 more');
  });

  it('refuses what is no regular file or cannot be read', () => {
    assert.match(validate([directory]).lines.join('\n'), /E014 unsafe file\n {4}a directory/);
    const below = validate([join(samples, 'intent-scale-up-001.json', 'x')]);
    assert.match(below.lines[0] ?? '', /refused {2}ENOTDIR/);
    assert.equal(below.code, 8);
  });

  it('colours only when asked to', () => {
    const path = join(samples, 'intent-refused-replicas.json');
    assert.doesNotMatch(validate([path]).lines.join(), /\u001b/);
    assert.match(validate([path], true).lines.join(), /\u001b\[31mrefused\u001b\[39m/);
  });
});
