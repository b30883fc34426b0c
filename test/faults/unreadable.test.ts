/** Files that cannot be read for a moment, as where a virus scanner has them open on Windows. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Spool } from '../e2e/spool.ts';
import { intentFor } from '../tools/porch.ts';
import { forbidden } from './skip.ts';
import { straceCommand, straceProblem } from './strace.ts';

const problem = straceProblem();

for (const errno of ['EBUSY', 'EACCES']) {
  const name = `what could be read as soon as it was claimed, and not before (${errno}), runs`;
  test(name, async () => {
    if (problem !== null) return forbidden(name, problem);
    await using spool = new Spool();
    spool.drop('intent-a.json', intentFor(''));
    const under = straceCommand({
      log: spool.path('strace.log'),
      calls: ['openat'],
      paths: [join(spool.handoff, 'intent-a.json')],
      inject: `error=${errno}`,
    });
    // Otherwise it would be given time before it is refused.
    const { program, exitCode } = await spool.once(['-settle-timeout', '1ms'], { under });
    assert.equal(exitCode, 0, program.stderr);
    assert.equal(spool.status('intent-a.json')?.status, 'success');
    assert.equal(spool.runs('intent-a.json'), 1);
  });
}
