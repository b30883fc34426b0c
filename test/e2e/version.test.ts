import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { commandLine, underTest } from './harness.ts';
import { Spool } from './spool.ts';

test('-version is one line with version, runtime and system, and nothing else', async () => {
  await using spool = new Spool();
  const program = spool.start(['-version']);
  assert.equal(await program.exitCode(), 0);
  const runtime = underTest === 'deno' ? 'deno' : 'node';
  assert.match(
    program.stdout,
    new RegExp(`^conductor-loop \\d+\\.\\d+\\.\\d+ \\(${runtime} v?\\d+\\.\\S+, \\w+ \\w+\\)\\n$`),
  );
  assert.equal(program.stderr, '');
});

if (underTest === 'binary') {
  test('the binary is the one of the list of checksums', () => {
    const [file] = commandLine();
    const list = readFileSync(join(dirname(file), 'checksums.txt'), 'utf8');
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    assert.ok(list.includes(`${sha256}  ${basename(file)}\n`), list);
  });

  test('the binary does not say where it was made', () => {
    const bundle = join(import.meta.dirname, '../../dist/conductor-loop.cjs');
    assert.equal(readFileSync(commandLine()[0]).indexOf(bundle), -1);
  });
}
