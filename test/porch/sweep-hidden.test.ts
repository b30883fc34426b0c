import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { forbidden } from '../faults/skip.ts';

const NOBODY = 65534;

/** Sweeps once, as a program does whose runs are all over. */
const sweep = `
const { Sweeper } = await import(${JSON.stringify(new URL('../../src/porch/sweep.ts', import.meta.url).href)});
console.log(new Sweeper().endStrays(() => false, { begun: 0, oldest: Infinity }));
`;

/** A process of our user whose parent is another user's, where /proc shows no one the others'. */
const hidden = `
mount -t proc -o hidepid=invisible proc /proc || exit 77
as="setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups"
OTHER=1 $as sleep 60 &
$as "$0" --input-type=module -e "$1"
code=$?
kill $!
exit $code
`;

test('a process whose parent is hidden is nobody of ours, and the sweep ends', (t) => {
  const args = [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    'sh',
    '-c',
    hidden,
    process.execPath,
    sweep,
  ];
  const options = { encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL' } as const;
  const result = spawnSync('unshare', args, options);
  if (result.pid === 0 || result.status === 77 || process.getuid?.() !== 0) {
    return forbidden(t.name, 'no namespace with a /proc of its own can be made');
  }
  assert.equal(result.status, 0, result.stderr);
  assert.equal(result.stdout, '0\n');
});
