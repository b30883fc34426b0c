import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stripped } from '../../packaging/elf.ts';

const directory = mkdtempSync(join(tmpdir(), 'conductor-elf-'));
after(() => rmSync(directory, { recursive: true }));

if (process.platform === 'linux') {
  test('Node without its symbols is a fifth smaller, and works', () => {
    const whole = readFileSync(process.execPath);
    const small = stripped(whole);
    assert.ok(small.length < 0.8 * whole.length, `${small.length} of ${whole.length} bytes`);
    const file = join(directory, 'node');
    writeFileSync(file, small, { mode: 0o755 });
    const { stdout, status } = spawnSync(file, ['-p', 'process.version'], { encoding: 'utf8' });
    assert.deepEqual({ stdout, status }, { stdout: `${process.version}\n`, status: 0 });
    assert.ok(stripped(small).equals(small), 'there is nothing more to take away');
  });
}

test('what is no such file is refused', () => {
  assert.throws(() => stripped(Buffer.from('MZ, a program of Windows')), /not a 64-bit .*ELF file/);
});
