import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../src/porch/exit-codes.ts';
import type { PorchResult } from '../../src/porch/types.ts';

const request = { timeoutMs: 90_000 };

function resultWith(changes: Partial<PorchResult>): PorchResult {
  return {
    exitCode: null,
    signal: null,
    startError: null,
    timedOut: false,
    cancelled: false,
    replaced: false,
    stdout: '',
    stderr: '',
    durationMs: 1,
    ...changes,
  };
}

function messageOf(changes: Partial<PorchResult>): string {
  const verdict = judge(resultWith(changes), request);
  assert.ok('message' in verdict);
  assert.ok(!verdict.message.includes('\n'), verdict.message);
  return verdict.message;
}

test('every exit code has its verdict', () => {
  const retried = new Set([3, 4, 5, 75, 124]);
  for (let exitCode = 0; exitCode <= 255; exitCode++) {
    const verdict = judge(resultWith({ exitCode }), request);
    if (exitCode === 0) {
      assert.deepEqual(verdict, { kind: 'success' });
      continue;
    }
    assert.ok('message' in verdict && verdict.kind !== 'not-started');
    assert.equal(verdict.kind, retried.has(exitCode) ? 'retry' : 'failed');
    assert.equal(verdict.status, 'failed');
    const code = exitCode === 126 ? 'E008' : exitCode === 127 ? 'E006' : 'E013';
    assert.equal(verdict.code, code);
    assert.equal(verdict.alert, exitCode === 126 || exitCode === 127);
    assert.match(verdict.message, new RegExp(`^porch ended with exit code ${exitCode}\\b`));
  }
});

test('exit codes of Windows that are no byte are failures too', () => {
  const verdict = judge(resultWith({ exitCode: 0xc0000005 }), request);
  assert.ok(verdict.kind === 'failed' && verdict.code === 'E013');
});

test('a time limit is E007 and retried, whatever the exit code was', () => {
  for (const ending of [{ exitCode: 0 }, { exitCode: 1 }, { signal: 'SIGTERM' }]) {
    const verdict = judge(resultWith({ ...ending, timedOut: true, stderr: 'almost\n' }), request);
    assert.ok(verdict.kind === 'retry' && verdict.status === 'timeout' && !verdict.alert);
    assert.equal(verdict.code, 'E007');
    assert.match(verdict.message, /within 1m30s .*raise porch_timeout .*its last words: "almost"$/);
  }
});

test('a death by signal is E013 and retried, with a hint', () => {
  const verdict = judge(resultWith({ signal: 'SIGKILL' }), request);
  assert.ok(verdict.kind === 'retry' && verdict.status === 'failed' && verdict.code === 'E013');
  assert.match(verdict.message, /^porch was ended by SIGKILL: probably out of memory/);
  assert.match(messageOf({ signal: 'SIGSYS' }), /sandbox forbids/);
  assert.equal(messageOf({ signal: 'SIGUSR1' }), 'porch was ended by SIGUSR1');
  assert.match(messageOf({ exitCode: 137 }), /137 \(.*out of memory\?\)/);
  assert.match(messageOf({ exitCode: 139 }), /139 \(.*died by signal 11\)/);
});

test('shutdown wins over every end, since its exit code says nothing', () => {
  for (const ending of [{ exitCode: 0 }, { exitCode: 2 }, { signal: 'SIGKILL' }]) {
    const verdict = judge(resultWith({ ...ending, cancelled: true }), request);
    assert.deepEqual(verdict, { kind: 'cancelled' });
  }
});

test('what could not be started says nothing about the intent', () => {
  const startError = { errno: 'EAGAIN', message: 'too many processes' };
  const verdict = judge(resultWith({ startError }), request);
  assert.deepEqual(verdict, { kind: 'not-started', ...startError });
});

test('the last words are one line, short and scrubbed', () => {
  assert.equal(messageOf({ exitCode: 2, stderr: ' \n\n' }), 'porch ended with exit code 2');
  assert.equal(
    messageOf({ exitCode: 2, stderr: 'first\n  no such package  \r\n\n' }),
    'porch ended with exit code 2; its last words: "no such package"',
  );
  const secret = messageOf({ exitCode: 2, stderr: 'login failed: password=hunter2hunter2' });
  assert.ok(secret.includes('login failed') && !secret.includes('hunter2'));
  for (const long of ['x'.repeat(70_000), '𝄞'.repeat(30_000), `a${'𝄞'.repeat(30_000)}`]) {
    const message = messageOf({ exitCode: 2, stderr: long });
    const quoted = /its last words: "(.*)"$/.exec(message)?.[1] ?? '';
    assert.equal(quoted.length, 200);
    assert.ok(quoted.endsWith('…') && quoted.isWellFormed());
  }
  assert.ok(messageOf({ exitCode: 2, stderr: 'y'.repeat(200) }).endsWith(`"${'y'.repeat(200)}"`));
});

test('an intent that may not be given to this porch has failed for good, by its name', () => {
  const startError = {
    errno: 'EINVAL',
    message: 'porch.cmd was not started',
    unfit: true,
  } as const;
  const verdict = judge(resultWith({ startError }), request);
  assert.deepEqual(verdict, {
    kind: 'failed',
    status: 'failed',
    code: 'E014',
    message: startError.message,
    alert: false,
  });
});
